import { assertMayPress } from '../../actions/find-job.js';
import { repaint } from '../../actions/imagine.js';
import { translator } from '../../i18n/index.js';
import { acceptJob } from '../kit/accept-job.js';
import type { Control } from '../kit/control.js';
import { formatControlId } from '../kit/custom-id.js';
import { promptModal, readPromptModal } from '../kit/prompt-modal.js';

/** 🎨 Opens a modal with the prompt; what comes back is a new job. The job may be deleted while the modal is open. */
export const edit = {
  action: 'edit',
  async press({ interaction, ask }) {
    assertMayPress(ask);
    const { id: jobId, prompt, seed } = ask.job;
    const customId = formatControlId({ action: 'edit', jobId });
    await interaction.showModal(promptModal(customId, prompt, seed, translator(interaction.locale)));
  },
  async submit({ context, interaction, ask }) {
    await acceptJob(context, interaction, ask, () => repaint(context, ask, readPromptModal(interaction)));
  },
} as const satisfies Control;
