import type { Client, GuildMember, Message, MessageReaction, PartialMessage, PartialMessageReaction } from 'discord.js';
import { settingsOf } from '../../actions/ask.js';
import { isVisible } from '../../actions/find-job.js';
import { LocalError } from '../../actions/local-error.js';
import type { Asker } from '../../domain/asker.js';
import type { Job } from '../../domain/job.js';
import { translator } from '../../i18n/index.js';
import { powersOf } from '../kit/asker-of.js';
import type { Context } from '../kit/context.js';
import { missingPermissions } from '../kit/missing-permissions.js';
import { controlUnder } from '../kit/target.js';
import { REACTIONS } from './index.js';

/** A repeated delivery within this time is the same reaction; later it is a new one. */
const SAME_REACTION_MS = 30_000;

type AnyReaction = MessageReaction | PartialMessageReaction;

/** Handles a reaction on any message of ours, however old: everything but the ids is looked up. Never rejects. */
export async function handleReaction(
  context: Context,
  client: Client<true>,
  reaction: AnyReaction,
  userId: string,
  isAdded: boolean,
): Promise<void> {
  const emoji = reaction.emoji.name?.replace(/\uFE0F/g, '') ?? '';
  const known = REACTIONS.get(emoji);
  const handle = isAdded ? known?.add : known?.remove;
  if (handle === undefined || reaction.emoji.id !== null || userId === client.user.id) {
    return;
  }
  const { message } = reaction;
  try {
    const shown = await shownIn(context, client, message);
    if (shown === undefined) {
      return;
    }
    const { job, index } = shown;
    const member = message.guildId === null ? null : await memberOf(message, userId);
    if (member?.user.bot === true) {
      return;
    }
    const asker = askerOfReaction(message, member, userId, job);
    if (!isVisible(job, asker)) {
      return;
    }
    const origin = {
      guildId: message.guildId,
      channelId: message.channelId,
      userId,
      locale: asker.locale,
      interactionId: `${message.id}-${userId}-${emoji.codePointAt(0)}-${Math.floor(context.clock() / SAME_REACTION_MS)}`,
      interactionToken: null,
      applicationId: client.application.id,
    };
    const ask = { asker, origin, job, settings: settingsOf(context.store, asker.guildId) };
    try {
      await handle({ context, ask, index, deleteMessage: async () => void (await message.delete()) });
    } catch (error) {
      if (!(error instanceof LocalError)) {
        throw error;
      }
      await refuse(message, userId, error.text(translator(asker.locale)));
    }
  } catch (error) {
    context.logger.warn({ err: error, messageId: message.id }, 'a reaction failed');
  }
}

interface Shown {
  readonly job: Job;
  readonly index: number | undefined;
}

/** By the stored message id, or by the custom ids under the message: `/show` makes more than one message of a job. */
async function shownIn(
  context: Context,
  client: Client<true>,
  message: Message | PartialMessage,
): Promise<Shown | undefined> {
  const stored = context.store.jobs.getByMessage(message.channelId, message.id);
  if (stored !== undefined) {
    return { job: stored, index: undefined };
  }
  const full = await message.fetch();
  const id = full.author.id === client.user.id ? controlUnder(full) : undefined;
  const job = id === undefined ? undefined : context.store.jobs.get(id.jobId);
  return job === undefined ? undefined : { job, index: id?.index };
}

async function memberOf(message: Message | PartialMessage, userId: string): Promise<GuildMember | null> {
  return (await message.guild?.members.fetch(userId)) ?? null;
}

function askerOfReaction(
  message: Message | PartialMessage,
  member: GuildMember | null,
  userId: string,
  job: Job,
): Asker {
  const { channel } = message;
  const inThread = channel.isThread();
  const me = message.guild?.members.me ?? null;
  const isGuildChannel = 'permissionsFor' in channel;
  return {
    guildId: message.guildId,
    channelId: message.channelId,
    parentChannelId: inThread ? channel.parentId : null,
    inThread,
    userId,
    roleIds: member === null ? [] : [...member.roles.cache.keys()],
    ...powersOf(member === null || !isGuildChannel ? null : channel.permissionsFor(member)),
    missingPermissions: missingPermissions(
      me === null || !isGuildChannel ? null : channel.permissionsFor(me).bitfield,
      inThread ? 'thread' : 'channel',
    ),
    // Reactions carry no locale: the requester's own is known; for others, the server's.
    locale: userId === job.origin.userId ? job.origin.locale : (message.guild?.preferredLocale ?? job.origin.locale),
  };
}

/** A reaction cannot be answered in private, so the answer pings whoever reacted and nobody else. */
async function refuse(message: Message | PartialMessage, userId: string, text: string): Promise<void> {
  if (!message.channel.isSendable()) {
    return;
  }
  await message.channel.send({
    content: `<@${userId}> ${text}`.slice(0, 2000),
    allowedMentions: { parse: [], users: [userId] },
    reply: { messageReference: message.id, failIfNotExists: false },
  });
}
