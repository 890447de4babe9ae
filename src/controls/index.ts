import { cancel } from './cancel.js';
import type { Control } from './control.js';
import { deleteControl } from './delete.js';
import { edit } from './edit.js';
import { keep } from './keep.js';
import { more } from './more.js';
import { reroll } from './reroll.js';
import { upscale } from './upscale.js';
import { vary } from './vary.js';

export const CONTROLS: readonly Control[] = [reroll, vary, upscale, edit, keep, deleteControl, cancel, more];
