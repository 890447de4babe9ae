import type { Answer, Choice, InteractionRecord } from '../interaction-types.js';
import type { Parts } from '../parts.js';
import type { Modal } from '../validate/components.js';
import { MessageFlag } from '../world-types.js';
import { type SeenMessage, textOf } from './seen-types.js';
import { until } from './wait.js';

/** The bot did not answer within three seconds: members read "The application did not respond". */
class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
}

/** One interaction as its member sees it go on. */
export class InteractionTrace {
  readonly record: InteractionRecord;
  readonly #parts: Parts;

  constructor(record: InteractionRecord, parts: Parts) {
    this.record = record;
    this.#parts = parts;
  }

  get id(): string {
    return this.record.id;
  }

  /** The bot's first answer. @throws NoAnswerError after Discord's three seconds */
  answered(timeoutMs?: number): Promise<Answer> {
    return until(
      this.#parts,
      () => this.#answer(),
      () => `an answer to ${this.#name()}`,
      timeoutMs,
    );
  }

  /** How it ended: answered, or failed for want of an answer. Never throws for a failed one. */
  settled(timeoutMs?: number): Promise<'answered' | 'failed'> {
    const look = () => (this.record.state === 'waiting' ? undefined : this.record.state);
    return until(this.#parts, look, () => `the end of ${this.#name()}`, timeoutMs);
  }

  /**
   * The answer's message (for a component that updated its message: that one), once it is past "is thinking…"
   * and `isWanted` says yes; looked at again after every edit.
   */
  reply(isWanted: (message: SeenMessage) => boolean = () => true, timeoutMs?: number): Promise<SeenMessage> {
    const look = () => {
      this.#answer();
      const message = this.current();
      return message && (message.flags & MessageFlag.Loading) === 0 && isWanted(message) ? message : undefined;
    };
    return until(this.#parts, look, () => `the reply to ${this.#name()}; last seen: ${this.#lastSeen()}`, timeoutMs);
  }

  /** The answer's message as it is now, also while it loads; undefined before the answer and after deletion. */
  current(): SeenMessage | undefined {
    return this.#see(this.record.originalId);
  }

  /** The n-th followup, from 0. */
  followUp(index = 0, timeoutMs?: number): Promise<SeenMessage> {
    const look = () => this.#see(this.record.followupIds[index] ?? null);
    return until(this.#parts, look, () => `followup ${index} to ${this.#name()}`, timeoutMs);
  }

  followUps(): SeenMessage[] {
    return this.record.followupIds.flatMap((id) => this.#see(id) ?? []);
  }

  /** The form that the bot opened. */
  async modal(timeoutMs?: number): Promise<Modal> {
    const answer = await this.answered(timeoutMs);
    if (!answer.modal) {
      throw new Error(`${this.#name()} was answered with type ${answer.type}, not with a modal.`);
    }
    return answer.modal;
  }

  /** What autocomplete suggested. */
  async choices(timeoutMs?: number): Promise<readonly Choice[]> {
    return (await this.answered(timeoutMs)).choices ?? [];
  }

  /** Resolves when the answer's message is gone. */
  async deleted(timeoutMs?: number): Promise<void> {
    const look = () => (this.record.originalId !== null && !this.current() ? true : undefined);
    await until(this.#parts, look, () => `the deletion of the reply to ${this.#name()}`, timeoutMs);
  }

  #answer(): Answer | undefined {
    if (this.record.state === 'failed') {
      throw new NoAnswerError(`${this.#name()}: the application did not respond in time.`);
    }
    return this.record.answer ?? undefined;
  }

  #see(id: string | null): SeenMessage | undefined {
    const message = id === null ? undefined : this.#parts.world.messages.get(id);
    return message && (this.#parts.wire.message(message, this.record.userId) as unknown as SeenMessage);
  }

  #name(): string {
    const kind = { 2: 'command', 3: 'component', 4: 'autocomplete', 5: 'modal' }[this.record.type] ?? 'interaction';
    return `${kind} ${this.record.commandName ?? this.record.id}`;
  }

  #lastSeen(): string {
    const message = this.current();
    return message ? JSON.stringify(textOf(message).slice(0, 300)) : 'nothing';
  }
}
