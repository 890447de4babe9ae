import { ActionRowBuilder, ButtonBuilder, ButtonStyle, StringSelectMenuBuilder } from 'discord.js';
import type { Job } from '../../domain/job.js';
import type { VariationStrength } from '../../domain/picture.js';
import type { Translate } from '../../i18n/index.js';
import { type Action, formatControlId } from './custom-id.js';

export type Row = ActionRowBuilder<ButtonBuilder | StringSelectMenuBuilder>;

/** Up to this many pictures have a button each; more go into select menus. */
const MAX_BUTTON_PICTURES = 4;
/** Values of the "More…" menu. */
export const BATCH_SIZES = [4, 8, 12, 16] as const;
export const SEPARATE = 'separate';

/**
 * All controls of a finished job, at most five rows.
 * @param maxPictures that may be asked for at once here; larger batches are not offered.
 */
export function jobControls(job: Job, t: Translate, maxPictures: number): Row[] {
  const count = job.pictures.length;
  const rows = count <= MAX_BUTTON_PICTURES ? pictureButtons(job.id, count) : pictureMenus(job.id, count, t);
  const more = moreOptions(job, t, maxPictures);
  const menu = more.length === 0 ? [] : [row(moreMenu(job, t).addOptions(more))];
  return [...rows, row(...commonButtons(job.id)), ...menu];
}

/** Controls of one picture shown large. */
export function pictureControls(jobId: string, index: number): Row[] {
  return [
    row(
      varyButton(jobId, index, 'subtle'),
      varyButton(jobId, index, 'strong'),
      button('keep', { jobId, index }).setEmoji('⭐'),
      button('delete', { jobId, index }).setEmoji('❌'),
    ),
  ];
}

/** The one control of a job that waits or is being painted. */
export function cancelControl(jobId: string, t: Translate): Row[] {
  return [row(button('cancel', { jobId }).setLabel(t('control.cancel')))];
}

/** Cancel buttons for several jobs, at most 25. */
export function cancelControls(jobIds: readonly string[], t: Translate): Row[] {
  const buttons = jobIds
    .slice(0, 25)
    .map((jobId) => button('cancel', { jobId }).setLabel(`${t('control.cancel')} ${jobId}`.slice(0, 80)));
  const rows: Row[] = [];
  for (let i = 0; i < buttons.length; i += 5) {
    rows.push(row(...buttons.slice(i, i + 5)));
  }
  return rows;
}

function pictureButtons(jobId: string, count: number): Row[] {
  const indices = Array.from({ length: count }, (_, index) => index);
  const upscale = indices.map((index) => button('upscale', { jobId, index }).setLabel(`U${index + 1}`));
  const subtle = indices.map((index) => varyButton(jobId, index, 'subtle'));
  const strong = indices.map((index) => varyButton(jobId, index, 'strong'));
  return count === 1 ? [row(...upscale, ...subtle, ...strong)] : [row(...upscale), row(...subtle), row(...strong)];
}

function pictureMenus(jobId: string, count: number, t: Translate): Row[] {
  const options = Array.from({ length: count }, (_, index) => ({
    label: t('select.picture', { index: index + 1 }),
    value: String(index),
  }));
  const menu = (action: Action, placeholder: string, strength?: VariationStrength) =>
    row(
      new StringSelectMenuBuilder()
        .setCustomId(formatControlId({ action, jobId, index: 0, ...(strength && { strength }) }))
        .setPlaceholder(placeholder)
        .addOptions(options),
    );
  return [
    menu('upscale', t('select.upscale')),
    menu('vary', t('select.subtle'), 'subtle'),
    menu('vary', t('select.strong'), 'strong'),
  ];
}

function commonButtons(jobId: string): ButtonBuilder[] {
  return [
    button('reroll', { jobId }).setEmoji('🔁'),
    button('edit', { jobId }).setEmoji('🎨'),
    button('keep', { jobId }).setEmoji('⭐'),
    button('delete', { jobId }).setEmoji('❌'),
  ];
}

function moreOptions(job: Job, t: Translate, maxPictures: number) {
  const sizes = BATCH_SIZES.filter((count) => count > job.count && count <= maxPictures);
  const batches = sizes.map((count) => ({ label: t('select.batch', { count }), value: String(count) }));
  return job.pictures.length > 1 ? [...batches, { label: t('select.separate'), value: SEPARATE }] : batches;
}

function moreMenu(job: Job, t: Translate): StringSelectMenuBuilder {
  return new StringSelectMenuBuilder()
    .setCustomId(formatControlId({ action: 'more', jobId: job.id }))
    .setPlaceholder(t('select.more'));
}

function varyButton(jobId: string, index: number, strength: VariationStrength): ButtonBuilder {
  const label = strength === 'subtle' ? `V${index + 1}` : `V${index + 1}+`;
  return button('vary', { jobId, index, strength }).setLabel(label);
}

function button(
  action: Action,
  of: { readonly jobId: string; readonly index?: number; readonly strength?: VariationStrength },
): ButtonBuilder {
  return new ButtonBuilder().setCustomId(formatControlId({ action, ...of })).setStyle(ButtonStyle.Secondary);
}

function row(...components: (ButtonBuilder | StringSelectMenuBuilder)[]): Row {
  return new ActionRowBuilder<ButtonBuilder | StringSelectMenuBuilder>().addComponents(components);
}
