import { controlsOf, textOf } from '@tessera/playground';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually, gate, imagine, isFinished, jobUnder, openStage, type Stage, settled } from './harness.js';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());
afterEach(() => {
  stage.store.settings.reset(stage.driver.world.home.guild.id, 'test');
  expect(stage.logged.splice(0)).toEqual([]);
});

const EPHEMERAL = 64;
const me = () => stage.driver.user('ada').id;

describe('U: upscale', () => {
  it('shows one picture large, from its tokens, with its own controls', async () => {
    const { message, job } = await imagine(stage, 'large', { options: { seed: 100 } });
    const painted = stage.painter.requests.length;
    const large = await stage.driver.pressButton(message, `t1:upscale:${job.id}:2`, { as: 'ben' }).reply(isFinished);
    expect(large.attachments[0]).toMatchObject({ width: 1024, height: 1024, description: 'Picture 3: large' });
    expect(textOf(large)).toContain('seed 102');
    expect(stage.painter.renders.at(-1)?.imageTokens).toEqual([job.pictures[2]?.imageTokens]);
    expect(stage.painter.requests.length).toBe(painted);
    const varied = await stage.driver.pressButton(large, `t1:vary:${job.id}:2:x`).reply(isFinished);
    expect(jobUnder(stage, varied).source).toEqual({ kind: 'variation', parentIndex: 2, strength: 'strong' });
  });

  it('deletes the large picture alone', async () => {
    const { message, job } = await imagine(stage, 'large');
    const large = await stage.driver.pressButton(message, `t1:upscale:${job.id}:0`).reply(isFinished);
    stage.driver.pressButton(large, `t1:delete:${job.id}:0`);
    await stage.driver.waitForDeletion(large);
    expect(stage.store.jobs.get(job.id)?.deletedAt).toBeNull();
  });
});

describe('V: variations', () => {
  it.each([
    ['s', 'subtle'],
    ['x', 'strong'],
  ])('%s is %s, from the stored embedding and tokens', async (letter, strength) => {
    const { message, job } = await imagine(stage, 'to vary');
    const encodings = stage.painter.textEncodings;
    const reply = await stage.driver.pressButton(message, `t1:vary:${job.id}:1:${letter}`).reply(isFinished);
    expect(stage.painter.requests.at(-1)?.condition).toEqual({
      kind: 'variation',
      embedding: job.embedding,
      imageTokens: job.pictures[1]?.imageTokens,
      strength,
    });
    expect(stage.painter.textEncodings).toBe(encodings);
    expect(textOf(reply)).toContain(`Variation (${strength}) of picture 2 of \`${job.id}\``);
  });
});

describe('🔁 reroll', () => {
  it('uses the same embedding and a new seed, without the text encoder', async () => {
    const { message, job } = await imagine(stage, 'again');
    const encodings = stage.painter.textEncodings;
    const reply = await stage.driver.pressButton(message, `t1:reroll:${job.id}`, { as: 'ben' }).reply(isFinished);
    const made = jobUnder(stage, reply);
    expect(stage.painter.requests.at(-1)?.condition).toEqual({ kind: 'embedding', embedding: job.embedding });
    expect(stage.painter.textEncodings).toBe(encodings);
    expect(made.seed).not.toBe(job.seed);
    expect(made).toMatchObject({
      prompt: 'again',
      parentJobId: job.id,
      origin: { userId: stage.driver.user('ben').id },
    });
  });
});

describe('🎨 edit', () => {
  it('opens the prompt and keeps the seed that stands there', async () => {
    const { message, job } = await imagine(stage, 'a red house', { options: { seed: 4242 } });
    const opened = stage.driver.pressButton(message, `t1:edit:${job.id}`);
    expect(JSON.stringify(await opened.modal())).toMatch(/a red house.*4242/);
    const reply = await (await stage.driver.submitModal(opened, { prompt: 'a blue house' })).reply(isFinished);
    expect(jobUnder(stage, reply)).toMatchObject({ prompt: 'a blue house', seed: 4242, parentJobId: job.id });
    const again = await stage.driver.submitModal(opened, { prompt: 'a green house', seed: '' });
    expect(jobUnder(stage, await again.reply(isFinished)).seed).not.toBe(4242);
  });

  it('tells what a seed is', async () => {
    const { message, job } = await imagine(stage, 'seeds');
    const opened = stage.driver.pressButton(message, `t1:edit:${job.id}`);
    const submitted = await stage.driver.submitModal(opened, { seed: '9999999999' });
    expect((await submitted.reply()).content).toMatch(/whole number from 0 to 4294967295/);
  });

  it('survives that the job is deleted and the bot restarted while the modal is open', async () => {
    const { message, job } = await imagine(stage, 'left open');
    const opened = stage.driver.pressButton(message, `t1:edit:${job.id}`);
    await opened.modal();
    await stage.restart();
    const submitted = await stage.driver.submitModal(opened, { prompt: 'late but fine' });
    expect(jobUnder(stage, await submitted.reply(isFinished)).prompt).toBe('late but fine');
    stage.store.jobs.markDeleted(job.id);
    expect((await (await stage.driver.submitModal(opened)).reply()).content).toMatch(/cannot find that job/);
  });
});

describe('⭐ keep', () => {
  it('keeps for whoever presses, and lets go at the second press', async () => {
    const { message, job } = await imagine(stage, 'keep me');
    const first = await stage.driver.pressButton(message, `t1:keep:${job.id}`, { as: 'ben' }).reply();
    expect(first.flags & EPHEMERAL).toBe(EPHEMERAL);
    expect(first.content).toContain('Kept');
    expect(stage.store.keeps.list(stage.driver.user('ben').id, 9).map(({ jobId }) => jobId)).toContain(job.id);
    expect((await stage.driver.pressButton(message, `t1:keep:${job.id}`, { as: 'ben' }).reply()).content).toMatch(
      /No longer/,
    );
    expect(stage.store.keeps.count(job.id)).toBe(0);
  });
});

describe('❌ delete', () => {
  it('is for the requester and moderators', async () => {
    const { message, job } = await imagine(stage, 'delete me');
    const refused = await stage.driver.pressButton(message, `t1:delete:${job.id}`, { as: 'ben' }).reply();
    expect(refused.content).toBe(`Only <@${me()}> or a moderator may do that.`);
    expect(refused.mentions).toEqual([]);
    stage.driver.pressButton(message, `t1:delete:${job.id}`);
    await stage.driver.waitForDeletion(message);
    expect((await stage.driver.slash('show', { job: job.id }).reply()).content).toMatch(/cannot find/);
    const other = await imagine(stage, 'delete me too');
    stage.driver.pressButton(other.message, `t1:delete:${other.job.id}`, { as: 'moderator' });
    await stage.driver.waitForDeletion(other.message);
  });
});

describe('cancel', () => {
  it('works while waiting and while painting, for the requester and moderators', async () => {
    const open = gate(stage.painter);
    const painting = stage.driver.slash('imagine', { prompt: 'being painted' });
    const first = await painting.reply((message) => message.content.includes('🎨'));
    const waiting = stage.driver.slash('imagine', { prompt: 'in the queue' });
    const second = await waiting.reply((message) => message.content.includes('⏳'));
    const refused = stage.driver.pressButton(second, /^t1:cancel/, { as: 'ben' });
    expect((await refused.reply()).content).toMatch(/^Only/);
    stage.driver.pressButton(second, /^t1:cancel/, { as: 'moderator' });
    await waiting.reply((message) => message.content.startsWith('Cancelled'));
    stage.driver.pressButton(first, /^t1:cancel/);
    const ended = await painting.reply((message) => message.content.startsWith('Cancelled'));
    expect(controlsOf(ended)).toEqual([]);
    open();
  });
});

describe('the menu of larger batches', () => {
  it('paints again from the embedding, as many as the server allows', async () => {
    const { message, job } = await imagine(stage, 'more');
    const menu = controlsOf(message).find((control) => control.custom_id === `t1:more:${job.id}`);
    expect(menu?.options?.map(({ value }) => value)).toEqual(['8', 'separate']);
    const { guild } = stage.driver.world.home;
    stage.store.settings.set(guild.id, 'test', 'maxPicturesPerPrompt', 4);
    const refused = stage.driver.selectOption(message, `t1:more:${job.id}`, '8');
    expect((await refused.reply()).content).toMatch(/up to 4 pictures/);
    stage.store.settings.set(guild.id, 'test', 'maxPicturesPerPrompt', 16);
    const reply = await stage.driver.selectOption(message, `t1:more:${job.id}`, '8').reply(isFinished);
    const made = jobUnder(stage, reply);
    expect(made).toMatchObject({ count: 8, source: { kind: 'embedding' }, parentJobId: job.id });
    expect(reply.components).toHaveLength(5);
    const large = stage.driver.selectOption(reply, `t1:upscale:${made.id}:0`, '6');
    expect(textOf(await large.reply(isFinished))).toContain('Picture 7');
    const varied = stage.driver.selectOption(reply, `t1:vary:${made.id}:0:x`, '5');
    expect(jobUnder(stage, await varied.reply(isFinished)).source).toEqual({
      kind: 'variation',
      parentIndex: 5,
      strength: 'strong',
    });
  });

  it('shows the pictures one by one', async () => {
    const { message, job } = await imagine(stage, 'one by one');
    const reply = await stage.driver
      .selectOption(message, `t1:more:${job.id}`, 'separate')
      .reply((seen) => seen.attachments.length > 0);
    expect(reply.attachments.map(({ description }) => description)).toEqual(
      [1, 2, 3, 4].map((n) => `Picture ${n}: one by one`),
    );
  });
});

describe('who may press', () => {
  it('follows the server’s setting', async () => {
    const { message, job } = await imagine(stage, 'mine alone');
    stage.store.settings.set(stage.driver.world.home.guild.id, 'test', 'buttons', 'requester');
    for (const id of [`t1:reroll:${job.id}`, `t1:vary:${job.id}:0:s`, `t1:upscale:${job.id}:0`, `t1:edit:${job.id}`]) {
      const refused = await stage.driver.pressButton(message, id, { as: 'ben' }).reply();
      expect(refused.content, id).toMatch(/^Only/);
    }
    await stage.driver.pressButton(message, `t1:reroll:${job.id}`, { as: 'moderator' }).reply(isFinished);
    await stage.driver.pressButton(message, `t1:reroll:${job.id}`).reply(isFinished);
  });
});

describe('controls that outlive things', () => {
  it('work after a restart', async () => {
    const { message, job } = await imagine(stage, 'before the restart');
    await stage.restart();
    const reply = await stage.driver.pressButton(message, `t1:reroll:${job.id}`).reply(isFinished);
    expect(jobUnder(stage, reply).parentJobId).toBe(job.id);
  });

  it('tell kindly that a job is gone', async () => {
    const { message, job } = await imagine(stage, 'soon gone');
    stage.store.jobs.markDeleted(job.id);
    for (const action of ['reroll', 'vary', 'upscale', 'edit', 'keep', 'delete']) {
      const reply = await stage.driver.pressButton(message, new RegExp(`^t1:${action}`), { locale: 'de' }).reply();
      expect(reply.content, action).toMatch(/Diesen Auftrag finde ich hier nicht/);
      expect(reply.flags & EPHEMERAL).toBe(EPHEMERAL);
    }
  });
});

describe('reactions', () => {
  it.each([false, true])('reroll, keep and delete (after a restart: %s)', async (isRestarted) => {
    const { message, job } = await imagine(stage, 'react to me');
    if (isRestarted) {
      await stage.restart();
    }
    stage.driver.react(message, '🔁', { as: 'ben' });
    const reply = await stage.driver.waitForMessage(
      (seen) => isFinished(seen) && jobUnder(stage, seen).parentJobId === job.id,
    );
    expect(jobUnder(stage, reply)).toMatchObject({
      source: { kind: 'embedding' },
      embedding: job.embedding,
      origin: { userId: stage.driver.user('ben').id, interactionToken: null },
    });
    expect(reply.message_reference?.message_id).toBe(message.id);
    expect(reply.mentions).toEqual([]);

    stage.driver.react(message, '⭐', { as: 'ben' });
    await eventually(() => stage.store.keeps.count(job.id) === 1, 'kept');
    stage.driver.unreact(message, '⭐', { as: 'ben' });
    await eventually(() => stage.store.keeps.count(job.id) === 0, 'let go');

    stage.driver.react(message, '❌', { as: 'ben' });
    const refused = await stage.driver.waitForMessage((seen) => seen.content.includes('Only'), { after: message });
    expect(refused.mentions.map(({ id }) => id)).toEqual([stage.driver.user('ben').id]);
    stage.driver.react(message, '❌', { as: isRestarted ? 'moderator' : 'ada' });
    await stage.driver.waitForDeletion(message);
    expect(stage.store.jobs.get(job.id)?.deletedAt).not.toBeNull();
    stage.driver.deleteMessage(refused);
  });

  it('work on a message of /show and in direct messages', async () => {
    const dm = stage.driver.dm('ben');
    const { job } = await imagine(stage, 'in private', { as: 'ben', channel: dm });
    const shown = await stage.driver.slash('show', { job: job.id }, { as: 'ben', channel: dm }).reply(isFinished);
    stage.driver.react(shown, '🔁', { as: 'ben', channel: dm });
    const reply = await stage.driver.waitForMessage(
      (seen) => isFinished(seen) && jobUnder(stage, seen).parentJobId === job.id,
      {
        as: 'ben',
        channel: dm,
      },
    );
    expect(jobUnder(stage, reply).origin.guildId).toBeNull();
  });

  it('mean on a picture shown large what its buttons mean', async () => {
    const { message, job } = await imagine(stage, 'one of four');
    const large = await stage.driver.pressButton(message, `t1:upscale:${job.id}:2`).reply(isFinished);
    stage.driver.react(large, '⭐');
    await eventually(() => stage.store.keeps.count(job.id) === 1, 'kept');
    expect(stage.store.keeps.list(me(), 1)).toMatchObject([{ jobId: job.id, index: 2 }]);
    stage.driver.react(large, '❌');
    await stage.driver.waitForDeletion(large);
    expect(stage.store.jobs.get(job.id)?.deletedAt).toBeNull();
    expect(stage.driver.see(message).id).toBe(message.id);
  });

  it('mean nothing on other messages', async () => {
    const said = stage.driver.say('not a job', { as: 'ben' });
    const before = stage.painter.requests.length;
    for (const emoji of ['🔁', '⭐', '❌', '😀']) {
      stage.driver.react(said, emoji);
    }
    await settled(stage);
    expect(stage.painter.requests.length).toBe(before);
    expect(stage.driver.see(said).id).toBe(said.id);
  });
});
