import type { NewJob } from '../../src/domain/job.js';

let interactions = 0;

/** A prompt as a member would send it; every call is another interaction. */
export function newJob(changes: Partial<Omit<NewJob, 'origin'>> & { origin?: Partial<NewJob['origin']> } = {}): NewJob {
  interactions += 1;
  const { origin, ...rest } = changes;
  return {
    source: { kind: 'prompt' },
    parentJobId: null,
    prompt: 'a happy fox with sunglasses',
    style: null,
    count: 4,
    seed: 7,
    sizePx: null,
    sampling: {},
    embedding: null,
    ...rest,
    origin: {
      guildId: '100',
      channelId: '200',
      userId: '300',
      locale: 'de',
      interactionId: `interaction-${interactions}`,
      interactionToken: 'token',
      applicationId: '400',
      ...origin,
    },
  };
}
