import type { RESTPostAPIApplicationCommandsJSONBody } from 'discord.js';
import type { Command, MenuCommand } from '../discord/kit/command.js';
import { describe } from './describe.js';
import { describeMenu } from './describe-menu.js';
import { help } from './help.js';
import { imagine } from './imagine.js';
import { info } from './info.js';
import { limits } from './limits.js';
import { makeVariations } from './make-variations.js';
import { queue } from './queue.js';
import { show } from './show.js';
import { usePrompt } from './use-prompt.js';
import { vary } from './vary.js';

export const COMMANDS: readonly Command[] = [imagine, show, queue, describe, vary, info, help, limits];
export const MENU_COMMANDS: readonly MenuCommand[] = [makeVariations, usePrompt, describeMenu];

/** All commands as Discord's API takes them. */
export function commandPayloads(): RESTPostAPIApplicationCommandsJSONBody[] {
  return [...COMMANDS, ...MENU_COMMANDS].map((command) => command.data.toJSON());
}
