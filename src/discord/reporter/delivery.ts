import {
  type Client,
  DiscordAPIError,
  InteractionWebhook,
  MessageFlags,
  RESTJSONErrorCodes,
  type SendableChannels,
} from 'discord.js';
import { TesseraError } from '../../domain/errors.js';
import type { Job } from '../../domain/job.js';
import { translator } from '../../i18n/index.js';
import { type JobMessage, textMessage } from '../kit/job-message.js';

/** Discord's tokens live 15 minutes; the last one is left to slow networks and clocks. */
const TOKEN_LIFETIME_MS = 14 * 60_000;

export type Outcome =
  | { readonly kind: 'shown'; readonly via: 'interaction' | 'channel'; readonly messageId: string }
  /** The message or the place for it is gone, or closed to the bot. */
  | { readonly kind: 'gone'; readonly reason: string };

export interface ShowOptions {
  /** The job's end: worth a new message that pings its requester where the old one cannot be edited by token. */
  readonly isEnd: boolean;
  /** The interaction was never acknowledged, or its token was refused before. */
  readonly isTokenDead: boolean;
}

/** Shows a job where its stored row says, with the interaction's token while it lives and the bot's own afterwards. */
export class Delivery {
  readonly #client: Client;
  readonly #clock: () => number;
  readonly #parentMessageOf: (job: Job) => string | null;

  constructor(client: Client, clock: () => number, parentMessageOf: (job: Job) => string | null) {
    this.#client = client;
    this.#clock = clock;
    this.#parentMessageOf = parentMessageOf;
  }

  /** @throws DiscordAPIError, HTTPError when trying again may help, or when the message is too large */
  async show(job: Job, message: JobMessage, options: ShowOptions): Promise<Outcome> {
    try {
      if (this.hasLiveToken(job, options.isTokenDead)) {
        try {
          const { id } = await this.#webhook(job).editMessage('@original', message);
          return { kind: 'shown', via: 'interaction', messageId: id };
        } catch (error) {
          if (!isTokenDead(error)) {
            throw error;
          }
        }
      }
      return await this.#showInChannel(job, message, options.isEnd);
    } catch (error) {
      const reason = goneReason(error);
      if (reason === undefined) {
        throw error;
      }
      return { kind: 'gone', reason };
    }
  }

  /** Tells the requester alone that the pictures are kept. False when that was not possible either. */
  async tellPrivately(job: Job, options: Pick<ShowOptions, 'isTokenDead'>): Promise<boolean> {
    const content = translator(job.origin.locale)('job.private', { job: job.id });
    if (this.hasLiveToken(job, options.isTokenDead)) {
      try {
        await this.#webhook(job).send({ content, flags: MessageFlags.Ephemeral, allowedMentions: { parse: [] } });
        return true;
      } catch {
        // The direct message below is the second try.
      }
    }
    try {
      const user = await this.#client.users.createDM(job.origin.userId);
      if (user.id === job.origin.channelId) {
        return false;
      }
      await user.send({ content, allowedMentions: { parse: [] } });
      return true;
    } catch {
      return false;
    }
  }

  hasLiveToken(job: Job, isTokenDead: boolean): boolean {
    return job.origin.interactionToken !== null && !isTokenDead && this.#clock() - job.createdAt < TOKEN_LIFETIME_MS;
  }

  #webhook(job: Job): InteractionWebhook {
    const client = this.#client;
    if (!client.isReady()) {
      throw new TesseraError('not_connected', 'Discord is not connected yet.', { retryable: true });
    }
    return new InteractionWebhook(client, job.origin.applicationId, job.origin.interactionToken ?? '');
  }

  async #showInChannel(job: Job, message: JobMessage, isEnd: boolean): Promise<Outcome> {
    const channel = await this.#client.channels.fetch(job.origin.channelId);
    if (channel === null || !channel.isSendable()) {
      return { kind: 'gone', reason: 'channel' };
    }
    const cameByInteraction = job.origin.interactionToken !== null;
    if (job.messageId !== null && !(isEnd && cameByInteraction)) {
      const { id } = await channel.messages.edit(job.messageId, message);
      return { kind: 'shown', via: 'channel', messageId: id };
    }
    if (isEnd && job.messageId !== null && (await showsEnd(channel, job, job.messageId))) {
      return { kind: 'shown', via: 'channel', messageId: job.messageId };
    }
    const sent = await channel.send({ ...message, ...this.#heading(job, message, isEnd && cameByInteraction) });
    if (isEnd && job.messageId !== null) {
      void this.#pointDown(job, sent.url);
    }
    return { kind: 'shown', via: 'channel', messageId: sent.id };
  }

  /** A late answer pings whoever asked, and nobody else; a reaction's answer hangs on the message reacted to. */
  #heading(job: Job, message: JobMessage, isLate: boolean) {
    const { userId, locale } = job.origin;
    if (!isLate) {
      const parent = this.#parentMessageOf(job);
      const reply = parent === null ? {} : { reply: { messageReference: parent, failIfNotExists: false } };
      return { ...reply, ...nonceOf(job, 'first') };
    }
    const line = translator(locale)('job.late', { user: `<@${userId}>` });
    return {
      content: message.content === '' ? line : `${line}\n${message.content}`,
      allowedMentions: { parse: [], users: [userId] },
      ...nonceOf(job, 'end'),
    };
  }

  /** The old message loses its dead progress bar; that it is gone by now does not matter. */
  async #pointDown(job: Job, link: string): Promise<void> {
    try {
      const channel = await this.#client.channels.fetch(job.origin.channelId);
      if (channel?.isSendable() !== true || job.messageId === null) {
        return;
      }
      await channel.messages.edit(job.messageId, textMessage(translator(job.origin.locale)('job.below', { link })));
    } catch {
      // Not ours to edit any more, or deleted.
    }
  }
}

/** Discord took the end, but its "yes" was lost with the process that waited for it: the message shows it already. */
async function showsEnd(channel: SendableChannels, job: Job, messageId: string): Promise<boolean> {
  try {
    const { attachments, content } = await channel.messages.fetch(messageId);
    return attachments.some(({ name }) => name.includes(job.id)) || content.includes(job.id);
  } catch {
    // Gone, or not for us to read: then it is said anew.
    return false;
  }
}

/** The bot's own token was refused; a webhook's is another matter. */
export function isUnauthorized(error: unknown): boolean {
  return (
    error instanceof DiscordAPIError && error.status === 401 && error.code !== RESTJSONErrorCodes.InvalidWebhookToken
  );
}

/** The same message sent twice (a lost answer, a retry) stays one. */
function nonceOf(job: Job, step: 'first' | 'end') {
  return { nonce: `${job.id}-${step}`, enforceNonce: true } as const;
}

function isTokenDead(error: unknown): boolean {
  return error instanceof DiscordAPIError && TOKEN_DEAD_CODES.has(error.code);
}

function goneReason(error: unknown): string | undefined {
  return error instanceof DiscordAPIError ? GONE_CODES.get(error.code) : undefined;
}

const TOKEN_DEAD_CODES: ReadonlySet<unknown> = new Set([
  RESTJSONErrorCodes.UnknownWebhook,
  RESTJSONErrorCodes.InvalidWebhookToken,
  RESTJSONErrorCodes.UnknownInteraction,
]);

const GONE_CODES: ReadonlyMap<unknown, string> = new Map<unknown, string>([
  [RESTJSONErrorCodes.UnknownMessage, 'message'],
  [RESTJSONErrorCodes.UnknownChannel, 'channel'],
  [RESTJSONErrorCodes.UnknownGuild, 'server'],
  [RESTJSONErrorCodes.MissingAccess, 'access'],
  [RESTJSONErrorCodes.MissingPermissions, 'permissions'],
  [RESTJSONErrorCodes.CannotSendMessagesToThisUser, 'direct messages'],
  [RESTJSONErrorCodes.CannotSendMessagesToThisUserDueToHavingNoMutualGuilds, 'direct messages'],
  [RESTJSONErrorCodes.MessageWasBlockedByAutomaticModeration, 'auto moderation'],
]);
