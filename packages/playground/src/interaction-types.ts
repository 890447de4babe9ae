import type { Modal } from './validate/components.js';
import type { Channel, InteractionMetadata, Json, Message, User } from './world-types.js';

export const InteractionType = { Command: 2, Component: 3, Autocomplete: 4, ModalSubmit: 5 } as const;
export const AnswerType = { Reply: 4, Defer: 5, DeferUpdate: 6, Update: 7, Autocomplete: 8, Modal: 9 } as const;

export interface Choice {
  readonly name: string;
  readonly value: string | number;
}

/** What the bot answered first. */
export interface Answer {
  readonly type: number;
  /** Time from delivery to answer. */
  readonly afterMs: number;
  readonly modal?: Modal;
  readonly choices?: readonly Choice[];
}

/** One interaction and what became of it. */
export interface InteractionRecord {
  readonly id: string;
  readonly token: string;
  readonly type: number;
  readonly userId: string;
  readonly channelId: string;
  readonly guildId: string | null;
  readonly commandName: string | null;
  /** The message with the component that was used. */
  readonly sourceId: string | null;
  /** Moves into the past when a test ages the token. */
  issuedAt: number;
  /** `failed`: no answer in time; the member read "The application did not respond". */
  state: 'waiting' | 'answered' | 'failed';
  answer: Answer | null;
  /** The message that `@original` means. */
  originalId: string | null;
  readonly followupIds: string[];
  /** As it was sent to the bot. */
  readonly payload: Json;
}

export interface NewInteraction {
  readonly type: number;
  readonly data: Json;
  readonly user: User;
  readonly channel: Channel;
  readonly locale?: string;
  readonly message?: Message;
  readonly commandName?: string | null;
}

/** What a message remembers of the interaction that it answers. */
export const metadata = (record: InteractionRecord): InteractionMetadata => ({
  id: record.id,
  type: record.type,
  userId: record.userId,
  commandName: record.commandName,
});
