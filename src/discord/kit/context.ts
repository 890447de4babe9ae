import type {
  ButtonInteraction,
  ChatInputCommandInteraction,
  MessageContextMenuCommandInteraction,
  ModalSubmitInteraction,
  StringSelectMenuInteraction,
} from 'discord.js';
import type { Logger as PinoLogger } from 'pino';
import type { WordFilter } from '../../actions/guards/words.js';
import type { Painter } from '../../painter/painter.js';
import type { JobQueue } from '../../queue/queue.js';
import type { Store } from '../../store/store.js';

export type Logger = Pick<PinoLogger, 'debug' | 'info' | 'warn' | 'error'>;

/** Anything a member did that can be answered with a message. */
export type Answerable =
  | ChatInputCommandInteraction
  | MessageContextMenuCommandInteraction
  | ButtonInteraction
  | StringSelectMenuInteraction
  | ModalSubmitInteraction;

/** Things that can open a modal: everything answerable but a modal itself. */
export type CanOpenModal = Exclude<Answerable, ModalSubmitInteraction>;

/** Shows the jobs that the queue works on, wherever they were asked for. */
export interface JobReporter {
  /**
   * Says that a job for this interaction is about to be stored and acknowledged. Until the returned function is called
   * nothing is sent for it, so that an edit never overtakes the acknowledgement.
   * @param maxBytes largest upload that Discord takes there.
   */
  expect(interactionId: string, maxBytes: number): (acknowledged: boolean) => void;
  /** Posts a job that no interaction asked for (a reaction) as a message in its channel. */
  announce(jobId: string): void;
}

/** What happened, for metrics; handlers must not throw. */
export type BotEvent =
  | { readonly kind: 'acknowledged'; readonly name: string; readonly ms: number }
  | { readonly kind: 'answered'; readonly name: string; readonly outcome: 'ok' | 'refused' | 'error' | 'duplicate' }
  | { readonly kind: 'delivered'; readonly via: 'interaction' | 'channel' | 'private' | 'nowhere' };

/** All that a command or control may use; the bot passes it in. */
export interface Context {
  readonly queue: JobQueue;
  readonly store: Store;
  readonly painter: Painter;
  readonly logger: Logger;
  readonly clock: () => number;
  readonly words: WordFilter;
  readonly reporter: JobReporter;
  readonly version: string;
  /** Fetches an upload from Discord; rejects with a LocalError that can be shown. */
  readonly download: (attachment: { readonly url: string; readonly size: number }) => Promise<Uint8Array>;
}
