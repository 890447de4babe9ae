import { LabelBuilder, ModalBuilder, type ModalSubmitInteraction, TextInputBuilder, TextInputStyle } from 'discord.js';
import { assertMayPress, findFinishedJob, findJob } from '../../actions/find-job.js';
import { LocalError } from '../../actions/local-error.js';
import {
  allowedCount,
  checkPrompt,
  DEFAULT_COUNT,
  MAX_PROMPT_CHARS,
  MAX_SEED,
  randomSeed,
  requestJob,
} from '../../actions/request-job.js';
import { type Translate, translator } from '../../i18n/index.js';
import { askerOf } from '../kit/asker-of.js';
import type { Context } from '../kit/context.js';
import type { Control } from '../kit/control.js';
import { formatControlId, NEW_PROMPT_ID } from '../kit/custom-id.js';
import { shorten } from '../kit/safe-text.js';

/** 🎨 Opens a modal with the prompt; what comes back is a new job. The job may be deleted while the modal is open. */
export const edit = {
  action: 'edit',
  async press(context, interaction, id) {
    const asker = askerOf(interaction);
    const job = findJob(context.store, asker, id.jobId);
    assertMayPress(context.store, asker, job);
    const customId = formatControlId({ action: 'edit', jobId: job.id });
    await interaction.showModal(promptModal(customId, job.prompt, job.seed, translator(interaction.locale)));
  },
  async submit(context, interaction, id) {
    const asker = askerOf(interaction);
    const job = findFinishedJob(context.store, asker, id.jobId);
    assertMayPress(context.store, asker, job);
    const { style, sizePx, sampling } = job;
    const count = allowedCount(context.store, asker, job.count);
    await requestJob(context, interaction, {
      source: { kind: 'prompt' },
      embedding: null,
      parentJobId: job.id,
      style,
      count,
      sizePx,
      sampling,
      ...readModal(interaction),
    });
  },
} as const satisfies Control;

/** The modal that paints from words came back. */
export async function submitNewPrompt(context: Context, interaction: ModalSubmitInteraction): Promise<void> {
  await requestJob(context, interaction, {
    source: { kind: 'prompt' },
    embedding: null,
    parentJobId: null,
    style: null,
    count: allowedCount(context.store, askerOf(interaction), DEFAULT_COUNT),
    sizePx: null,
    sampling: {},
    ...readModal(interaction),
  });
}

/** Prompt and seed to change. The seed stands there to be kept; emptied, a new one is drawn. */
export function promptModal(customId: string, prompt: string, seed: number | null, t: Translate): ModalBuilder {
  const promptInput = new TextInputBuilder()
    .setCustomId('prompt')
    .setStyle(TextInputStyle.Paragraph)
    .setMinLength(1)
    .setMaxLength(MAX_PROMPT_CHARS)
    .setRequired(true);
  if (prompt !== '') promptInput.setValue(shorten(prompt, MAX_PROMPT_CHARS));
  const seedInput = new TextInputBuilder()
    .setCustomId('seed')
    .setStyle(TextInputStyle.Short)
    .setMaxLength(10)
    .setRequired(false);
  if (seed !== null) seedInput.setValue(String(seed));
  return new ModalBuilder()
    .setCustomId(customId)
    .setTitle(customId === NEW_PROMPT_ID ? t('modal.newTitle') : t('modal.title'))
    .addLabelComponents(
      new LabelBuilder().setLabel(t('modal.prompt')).setTextInputComponent(promptInput),
      new LabelBuilder().setLabel(t('modal.keepSeed')).setTextInputComponent(seedInput),
    );
}

function readModal(interaction: ModalSubmitInteraction): { readonly prompt: string; readonly seed: number } {
  return { prompt: checkPrompt(textOf(interaction, 'prompt')), seed: readSeed(textOf(interaction, 'seed')) };
}

/** A modal's fields come from the client: one may be missing or of another type. */
function textOf(interaction: ModalSubmitInteraction, name: string): string {
  const field: unknown = interaction.fields.fields.get(name);
  const value = typeof field === 'object' && field !== null && 'value' in field ? field.value : '';
  return typeof value === 'string' ? value : '';
}

function readSeed(text: string): number {
  const trimmed = text.trim();
  if (trimmed === '') return randomSeed();
  const seed = /^\d{1,10}$/.test(trimmed) ? Number(trimmed) : Number.NaN;
  if (!(seed <= MAX_SEED)) throw new LocalError('bad_seed', (t) => t('error.badSeed'));
  return seed;
}
