import { LabelBuilder, ModalBuilder, type ModalSubmitInteraction, TextInputBuilder, TextInputStyle } from 'discord.js';
import { imagine } from '../../actions/imagine.js';
import { MAX_PROMPT_CHARS } from '../../domain/bounds.js';
import type { Translate } from '../../i18n/index.js';
import { acceptJob } from './accept-job.js';
import { askOf } from './asker-of.js';
import type { Context } from './context.js';
import { shorten } from './safe-text.js';

/** Modal that paints from words, without a job behind it. */
export const NEW_PROMPT_ID = 't1:imagine';

/** Prompt and seed to change. The seed stands there to be kept; emptied, a new one is drawn. */
export function promptModal(customId: string, prompt: string, seed: number | null, t: Translate): ModalBuilder {
  const promptInput = new TextInputBuilder()
    .setCustomId('prompt')
    .setStyle(TextInputStyle.Paragraph)
    .setMinLength(1)
    .setMaxLength(MAX_PROMPT_CHARS)
    .setRequired(true);
  if (prompt !== '') {
    promptInput.setValue(shorten(prompt, MAX_PROMPT_CHARS));
  }
  const seedInput = new TextInputBuilder()
    .setCustomId('seed')
    .setStyle(TextInputStyle.Short)
    .setMaxLength(10)
    .setRequired(false);
  if (seed !== null) {
    seedInput.setValue(String(seed));
  }
  return new ModalBuilder()
    .setCustomId(customId)
    .setTitle(customId === NEW_PROMPT_ID ? t('modal.newTitle') : t('modal.title'))
    .addLabelComponents(
      new LabelBuilder().setLabel(t('modal.prompt')).setTextInputComponent(promptInput),
      new LabelBuilder().setLabel(t('modal.keepSeed')).setTextInputComponent(seedInput),
    );
}

/** The modal that paints from words came back. */
export function paintFromModal(context: Context, interaction: ModalSubmitInteraction): Promise<void> {
  const typed = { ...readPromptModal(interaction), style: null, count: null, sizePx: null };
  const ask = askOf(context.store, interaction);
  return acceptJob(context, interaction, ask, () => imagine(context, ask, typed));
}

/** What came back, as it was typed; the seed is null where it was emptied and NaN where it is no number. */
export function readPromptModal(interaction: ModalSubmitInteraction): { prompt: string; seed: number | null } {
  const seed = textOf(interaction, 'seed').trim();
  return {
    prompt: textOf(interaction, 'prompt'),
    seed: seed === '' ? null : /^\d{1,10}$/.test(seed) ? Number(seed) : Number.NaN,
  };
}

/** A modal's fields come from the client: one may be missing or of another type. */
function textOf(interaction: ModalSubmitInteraction, name: string): string {
  const field: unknown = interaction.fields.fields.get(name);
  const value = typeof field === 'object' && field !== null && 'value' in field ? field.value : '';
  return typeof value === 'string' ? value : '';
}
