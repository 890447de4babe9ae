import { z } from 'zod';
import { ClientRefusal, type OptionValue, type PickedFile } from '../driver/command-data.js';
import type { PlaygroundDriver } from '../driver/driver.js';
import { InteractionTrace } from '../driver/trace.js';
import type { Parts } from '../parts.js';

const file = z.object({
  filename: z.string().max(255),
  base64: z.string(),
  contentType: z.string().max(100).optional(),
});
const id = z.string().max(30);
const option = z.union([z.string().max(6000), z.number(), z.boolean(), file]);
const where = { as: id, channel: id, locale: z.string().max(10).optional() };
const name = z.string().max(120);
const options = z.record(z.string().max(40), option);

/** What the page can ask for. */
export const pageAction = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('slash'), ...where, name, options }),
  z.object({ kind: z.literal('autocomplete'), ...where, name, focused: z.string().max(40), options }),
  z.object({ kind: z.literal('menu'), ...where, name, target: id }),
  z.object({ kind: z.literal('press'), ...where, message: id, customId: z.string().max(100) }),
  z.object({
    kind: z.literal('select'),
    ...where,
    message: id,
    customId: z.string().max(100),
    values: z.array(z.string().max(100)).max(25),
  }),
  z.object({
    kind: z.literal('submit'),
    ...where,
    interaction: id,
    values: z.record(z.string().max(100), z.union([z.string(), z.boolean(), z.array(z.union([z.string(), file]))])),
  }),
  z.object({ kind: z.literal('react'), ...where, message: id, emoji: z.string().max(60), isOn: z.boolean() }),
  z.object({ kind: z.literal('say'), ...where, content: z.string().max(2000), files: z.array(file).max(10) }),
  z.object({ kind: z.literal('delete'), ...where, message: id }),
  z.object({ kind: z.literal('thread'), ...where, name: z.string().min(1).max(100) }),
]);

export type PageAction = z.infer<typeof pageAction>;

const picked = (given: z.infer<typeof file>): PickedFile => ({
  filename: given.filename,
  bytes: new Uint8Array(Buffer.from(given.base64, 'base64')),
  ...(given.contentType === undefined ? {} : { contentType: given.contentType }),
});

const withFiles = (values: z.infer<typeof options>): Record<string, OptionValue> =>
  Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, typeof value === 'object' ? picked(value) : value]),
  );

/**
 * Does what a member asked for on the page.
 * @returns the interaction that it started, if any
 * @throws ClientRefusal, DiscordError with a text for people
 */
export async function perform(
  action: PageAction,
  driver: PlaygroundDriver,
  parts: Parts,
): Promise<InteractionTrace | null> {
  const place = { as: action.as, channel: action.channel, ...(action.locale ? { locale: action.locale } : {}) };
  switch (action.kind) {
    case 'slash':
      return driver.slash(action.name, withFiles(action.options), place);
    case 'autocomplete':
      return driver.autocomplete(action.name, action.focused, withFiles(action.options), place);
    case 'menu':
      return driver.contextMenu(action.name, action.target, place);
    case 'press':
      return driver.pressButton(action.message, action.customId, place);
    case 'select':
      return driver.selectOption(action.message, action.customId, action.values, place);
    case 'submit': {
      const record = parts.interactions.records.get(action.interaction);
      if (record?.userId !== action.as) {
        throw new ClientRefusal('This form is not yours.');
      }
      const values = Object.entries(action.values).map(([key, value]) => {
        if (!Array.isArray(value)) {
          return [key, value];
        }
        return [key, value.map((one) => (typeof one === 'string' ? one : picked(one)))];
      });
      return driver.submitModal(new InteractionTrace(record, parts), Object.fromEntries(values), place);
    }
    case 'react':
      if (action.isOn) {
        driver.react(action.message, action.emoji, place);
      } else {
        driver.unreact(action.message, action.emoji, place);
      }
      return null;
    case 'say':
      driver.say(action.content, { ...place, files: action.files.map(picked) });
      return null;
    case 'delete': {
      const message = parts.world.messages.get(action.message);
      const channel = driver.channel(action.channel);
      if (message?.authorId !== action.as && !parts.world.may(action.as, channel, 'ManageMessages')) {
        throw new ClientRefusal('Only its author and moderators can delete a message.');
      }
      if (message) {
        driver.deleteMessage(message.id);
      }
      return null;
    }
    case 'thread':
      driver.thread(action.name, action.channel, action.as);
      return null;
  }
}
