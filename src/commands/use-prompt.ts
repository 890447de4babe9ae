import { askerOf } from '../controls/asker-of.js';
import { NEW_PROMPT_ID } from '../controls/custom-id.js';
import { promptModal } from '../controls/edit.js';
import { LocalError } from '../controls/local-error.js';
import { MAX_PROMPT_CHARS } from '../controls/request-job.js';
import { shorten, visibleText } from '../controls/safe-text.js';
import { translator } from '../i18n/index.js';
import type { MenuCommand } from './command.js';
import { messageMenu } from './localise.js';
import { jobOfTarget } from './target.js';

/** Opens the prompt modal with a job's prompt and seed, or with the words of any message. */
export const usePrompt = {
  data: messageMenu('menu.prompt'),
  async execute(context, interaction) {
    const job = jobOfTarget(context.store, askerOf(interaction), interaction.targetMessage);
    const words = job?.prompt ?? shorten(visibleText(interaction.targetMessage.content ?? ''), MAX_PROMPT_CHARS);
    if (words === '') throw new LocalError('no_prompt', (t) => t('menu.noPrompt'));
    await interaction.showModal(promptModal(NEW_PROMPT_ID, words, job?.seed ?? null, translator(interaction.locale)));
  },
} as const satisfies MenuCommand;
