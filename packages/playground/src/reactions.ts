import { refuse } from './discord-error.js';
import { emojiKey } from './validate/emoji.js';
import type { World } from './world.js';
import type { Channel, Emoji, Message } from './world-types.js';

const MOST_DIFFERENT = 20;

/**
 * Adds a person's reaction; a second time does nothing.
 * @throws DiscordError 50013 without the permission, 30010 past twenty different ones
 */
export function addReaction(world: World, channel: Channel, message: Message, userId: string, emoji: Emoji): void {
  const key = emojiKey(emoji);
  const reaction = message.reactions.get(key);
  if (!world.may(userId, channel, 'ReadMessageHistory')) {
    throw refuse('missingPermissions');
  }
  if (!reaction && !world.may(userId, channel, 'AddReactions')) {
    throw refuse('missingPermissions');
  }
  if (!reaction && message.reactions.size >= MOST_DIFFERENT) {
    throw refuse('tooManyReactions');
  }
  if (reaction?.userIds.has(userId)) {
    return;
  }
  if (reaction) {
    reaction.userIds.add(userId);
  } else {
    message.reactions.set(key, { emoji, userIds: new Set([userId]) });
  }
  world.tell({ kind: 'reactionAdd', message, userId, emoji });
}

/** Takes a person's reaction away. @returns false when it was not there */
export function removeReaction(world: World, message: Message, userId: string, emoji: Emoji): boolean {
  const reaction = message.reactions.get(emojiKey(emoji));
  if (!reaction?.userIds.delete(userId)) {
    return false;
  }
  if (reaction.userIds.size === 0) {
    message.reactions.delete(emojiKey(emoji));
  }
  world.tell({ kind: 'reactionRemove', message, userId, emoji });
  return true;
}

/** Takes all reactions away, or all of one emoji. */
export function clearReactions(world: World, message: Message, emoji: Emoji | null): void {
  if (emoji === null) {
    message.reactions.clear();
  } else {
    message.reactions.delete(emojiKey(emoji));
  }
  world.tell({ kind: 'reactionsClear', message, emoji });
}
