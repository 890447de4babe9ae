import { askerOf } from './asker-of.js';
import { type Control, chosenIndex } from './control.js';
import { variationOf } from './derive.js';
import { assertMayPress, findFinishedJob } from './find-job.js';
import { requestJob } from './request-job.js';

/** V1–V4: pictures near one picture, subtle or strong. */
export const vary = {
  action: 'vary',
  async press(context, interaction, id) {
    const asker = askerOf(interaction);
    const job = findFinishedJob(context.store, asker, id.jobId);
    assertMayPress(context.store, asker, job);
    const index = chosenIndex(interaction, id) ?? -1;
    await requestJob(context, interaction, await variationOf(context.painter, job, index, id.strength ?? 'subtle'));
  },
} as const satisfies Control;
