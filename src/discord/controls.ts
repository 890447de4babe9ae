import { cancel } from './buttons/cancel.js';
import { deleteControl } from './buttons/delete.js';
import { edit } from './buttons/edit.js';
import { keep } from './buttons/keep.js';
import { reroll } from './buttons/reroll.js';
import { upscale } from './buttons/upscale.js';
import { vary } from './buttons/vary.js';
import type { Control } from './kit/control.js';
import { more } from './menus/more.js';

export const CONTROLS: readonly Control[] = [reroll, vary, upscale, edit, keep, deleteControl, cancel, more];
