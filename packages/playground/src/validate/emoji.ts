import { z } from 'zod';
import type { Emoji } from '../world-types.js';
import { complain, snowflake } from './form.js';

// The v flag is newer than our compile target, so the compiler must not see it.
const SETS_FLAG: string = 'v';
const RGI_EMOJI = new RegExp('^\\p{RGI_Emoji}$', SETS_FLAG);

/** Whether a text is exactly one emoji that people can be shown, with or without the variation selector. */
function isUnicodeEmoji(text: string): boolean {
  return RGI_EMOJI.test(text) || RGI_EMOJI.test(`${text}\uFE0F`);
}

/** Reads the emoji of a reaction's path: a Unicode emoji or `name:id`; undefined when it is neither. */
export function reactionEmoji(text: string): Emoji | undefined {
  const custom = /^(\w{2,32}):(\d{1,20})$/.exec(text);
  if (custom?.[1] && custom[2]) {
    return { name: custom[1], id: custom[2] };
  }
  return isUnicodeEmoji(text) ? { name: text, id: null } : undefined;
}

/** The key under which a message's reaction is kept. */
export const emojiKey = (emoji: Emoji) => emoji.id ?? emoji.name.replaceAll('\uFE0F', '');

/** An emoji on a button or an option. */
export const componentEmoji = z
  .strictObject({
    id: snowflake.nullish(),
    name: z.string().max(100).nullish(),
    animated: z.boolean().nullish(),
  })
  .superRefine((emoji, context) => {
    if (emoji.id === undefined || emoji.id === null) {
      if (!emoji.name || !isUnicodeEmoji(emoji.name)) {
        complain(context, 'COMPONENT_INVALID_EMOJI', 'Invalid emoji', ['name']);
      }
    }
  });
