/** All commands, in the order of the help. The services load their own code only when they are asked for. */

import { bench } from './bench/index.js';
import type { Command } from './command.js';
import { describe } from './describe.js';
import { imagine } from './imagine.js';
import { models } from './models.js';
import { register } from './register.js';
import { start } from './start.js';
import { vary } from './vary.js';
import { worker } from './worker.js';

export const commands: readonly Command[] = [start, imagine, vary, describe, worker, register, models, bench];
