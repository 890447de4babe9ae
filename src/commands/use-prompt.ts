import { LocalError } from '../actions/local-error.js';
import { askerOf } from '../discord/kit/asker-of.js';
import type { MenuCommand } from '../discord/kit/command.js';
import { messageMenu } from '../discord/kit/localise.js';
import { NEW_PROMPT_ID, promptModal } from '../discord/kit/prompt-modal.js';
import { shorten, visibleText } from '../discord/kit/safe-text.js';
import { jobOfTarget } from '../discord/kit/target.js';
import { MAX_PROMPT_CHARS } from '../domain/bounds.js';
import { translator } from '../i18n/index.js';

/** Opens the prompt modal with a job's prompt and seed, or with the words of any message. */
export const usePrompt = {
  data: messageMenu('menu.prompt'),
  async execute(context, interaction) {
    const job = jobOfTarget(context.store, askerOf(interaction), interaction.targetMessage);
    const words = job?.prompt ?? shorten(visibleText(interaction.targetMessage.content ?? ''), MAX_PROMPT_CHARS);
    if (words === '') {
      throw new LocalError('no_prompt', (t) => t('menu.noPrompt'));
    }
    await interaction.showModal(promptModal(NEW_PROMPT_ID, words, job?.seed ?? null, translator(interaction.locale)));
  },
} as const satisfies MenuCommand;
