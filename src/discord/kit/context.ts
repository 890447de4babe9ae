import type {
  ButtonInteraction,
  ChatInputCommandInteraction,
  MessageContextMenuCommandInteraction,
  ModalSubmitInteraction,
  StringSelectMenuInteraction,
} from 'discord.js';
import type { ActionParts } from '../../actions/ask.js';
import type { Job } from '../../domain/job.js';
import type { Logger } from '../../logger.js';

/** Anything a member did that can be answered with a message. */
export type Answerable =
  | ChatInputCommandInteraction
  | MessageContextMenuCommandInteraction
  | ButtonInteraction
  | StringSelectMenuInteraction
  | ModalSubmitInteraction;

/** What holds where a job will be shown. */
export interface There {
  /** Largest upload that Discord takes. */
  readonly maxBytes: number;
  /** Pictures that somebody there may ask for at once: what is offered under the answer. */
  readonly maxPictures: number;
}

/** Discord was told "yes". */
export interface Acknowledged {
  /** The message that says so, which will become the answer; null where it is not known. */
  readonly messageId: string | null;
}

/** Shows the jobs that the queue works on, wherever they were asked for. */
export interface JobReporter {
  /**
   * Says that a job for this interaction is about to be stored and acknowledged. Until the returned function is called
   * nothing is sent for it, so that an edit never overtakes the acknowledgement.
   * Call the returned function with what came of it; undefined: it could not be acknowledged.
   */
  expect(interactionId: string, there: There): (acknowledged: Acknowledged | undefined) => void;
  /** Posts a job that no interaction asked for (a reaction) as a message in its channel. */
  announce(job: Job): void;
}

/** What happened, for metrics; handlers must not throw. */
export type BotEvent =
  | { readonly kind: 'acknowledged'; readonly name: string; readonly ms: number }
  | { readonly kind: 'answered'; readonly name: string; readonly outcome: 'ok' | 'refused' | 'error' | 'duplicate' }
  | { readonly kind: 'delivered'; readonly via: 'interaction' | 'channel' | 'private' | 'nowhere' };

/** All that whatever answers a member may use; the bot passes it in. */
export interface Context extends ActionParts {
  readonly logger: Logger;
  readonly reporter: JobReporter;
  readonly version: string;
  /** Fetches an upload from Discord; rejects with a LocalError that can be shown. */
  readonly download: (attachment: { readonly url: string; readonly size: number }) => Promise<Uint8Array>;
}
