import { rerollOf } from '../../actions/derive.js';
import { assertMayPress, findFinishedJob } from '../../actions/find-job.js';
import { allowedCount, requestJob } from '../../actions/request-job.js';
import { askerOf } from '../kit/asker-of.js';
import type { Control } from '../kit/control.js';

/** 🔁 The same embedding, new seeds. */
export const reroll = {
  action: 'reroll',
  async press(context, interaction, id) {
    const asker = askerOf(interaction);
    const job = findFinishedJob(context.store, asker, id.jobId);
    assertMayPress(context.store, asker, job);
    await requestJob(
      context,
      interaction,
      await rerollOf(context.painter, job, allowedCount(context.store, asker, job.count)),
    );
  },
} as const satisfies Control;
