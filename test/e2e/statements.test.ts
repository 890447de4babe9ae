/** How often the database is asked from a press to the pictures: everything is read once. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { imagine, isFinished, openStage, type Stage, settled } from './harness.js';

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
  await imagine(stage, 'before');
  await settled(stage);
  stage.statements.length = 0;
});
afterEach(() => stage.close());

describe('statements', () => {
  it('of /imagine, until its pictures are shown: at most 10', async () => {
    await imagine(stage, 'a fox');
    await settled(stage);
    expect(stage.statements.length, stage.statements.join('\n')).toBeLessThanOrEqual(10);
  });

  it('of a reroll, until its pictures are shown: at most 12', async () => {
    const { message, job } = await imagine(stage, 'a fox');
    await settled(stage);
    stage.statements.length = 0;
    await stage.driver.pressButton(message, `t1:reroll:${job.id}`).reply(isFinished);
    await settled(stage);
    expect(stage.statements.length, stage.statements.join('\n')).toBeLessThanOrEqual(12);
  });
});
