import { variationOf } from '../../actions/derive.js';
import { assertMayPress, findFinishedJob } from '../../actions/find-job.js';
import { allowedCount, requestJob } from '../../actions/request-job.js';
import { askerOf } from '../kit/asker-of.js';
import { type Control, chosenIndex } from '../kit/control.js';

/** However large the batch was that a picture comes from. */
const MAX_VARIATIONS = 4;

/** V1–V4: pictures near one picture, subtle or strong. */
export const vary = {
  action: 'vary',
  async press(context, interaction, id) {
    const asker = askerOf(interaction);
    const job = findFinishedJob(context.store, asker, id.jobId);
    assertMayPress(context.store, asker, job);
    const index = chosenIndex(interaction, id) ?? -1;
    const count = allowedCount(context.store, asker, Math.min(job.count, MAX_VARIATIONS));
    const wish = await variationOf(context.painter, job, index, id.strength ?? 'subtle', count);
    await requestJob(context, interaction, wish);
  },
} as const satisfies Control;
