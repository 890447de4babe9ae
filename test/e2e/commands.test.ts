import { controlsOf, textOf } from '@tessera/playground';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { png } from './fake-painter.js';
import { gate, imagine, isFinished, jobUnder, openStage, type Stage, settled } from './harness.js';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());
beforeEach(() => {
  stage.painter.requests.length = 0;
});
afterEach(() => {
  const { guild } = stage.driver.world.home;
  stage.store.settings.reset(guild.id, 'test');
  expect(stage.logged.splice(0)).toEqual([]);
});

const EPHEMERAL = 64;
const picture = { filename: 'cat.png', bytes: png(8, 8, 100), contentType: 'image/png' };

describe('/imagine', () => {
  it('stores, defers, and edits one message from the place in the queue to the pictures', async () => {
    const open = gate(stage.painter);
    const blocker = stage.driver.slash('imagine', { prompt: 'first' }, { as: 'ben' });
    await blocker.reply((message) => message.content.includes('🎨'));
    const trace = stage.driver.slash('imagine', { prompt: 'a happy fox', seed: 7, count: 2, style: '3d', size: 128 });
    const answer = await trace.answered();
    expect(answer.type).toBe(5);
    expect(answer.afterMs).toBeLessThan(1000);
    const waiting = await trace.reply((message) => message.content.includes('⏳'));
    expect(waiting.content).toMatch(/Place \*\*1\*\* of 1 · ready <t:\d+:R>\n\*\*a happy fox\*\*/);
    open();
    const done = await trace.reply(isFinished);
    expect(done.id).toBe(waiting.id);
    const job = jobUnder(stage, done);
    expect(job).toMatchObject({
      prompt: 'a happy fox',
      seed: 7,
      count: 2,
      style: '3d',
      sizePx: 128,
      messageId: done.id,
    });
    const text = textOf(done);
    for (const part of ['a happy fox', '`7`', '0.50 · 0.49', 's', job.id, `<@${stage.driver.user('ada').id}>`, '3d']) {
      expect(text).toContain(part);
    }
    expect(done.attachments).toHaveLength(1);
    expect(done.attachments[0]?.description).toBe('2 pictures: a happy fox');
    expect(done.attachments[0]?.width).toBe(256);
    await blocker.reply(isFinished);
  });

  it('shows a progress bar and a half-painted preview', async () => {
    const open = gate(stage.painter);
    const trace = stage.driver.slash('imagine', { prompt: 'slowly' });
    const painting = await trace.reply((message) =>
      message.attachments.some(({ filename }) => filename === 'preview.png'),
    );
    expect(painting.content).toMatch(/▰{6}▱{6} 50 %/);
    expect(painting.attachments[0]?.description).toBe('Half-painted preview');
    expect(controlsOf(painting).map((control) => control.label)).toEqual(['Cancel']);
    open();
    const done = await trace.reply(isFinished);
    expect(done.attachments.map(({ filename }) => filename)).not.toContain('preview.png');
  });

  it('is edited when there is something new to say, and no more often', async () => {
    const open = gate(stage.painter);
    const trace = stage.driver.slash('imagine', { prompt: 'quiet please' });
    await trace.reply((message) => message.attachments.length > 0);
    const edits = () =>
      stage.driver.requests.filter(({ method, path }) => method === 'PATCH' && path.includes(trace.record.token));
    const before = edits().length;
    // Long past the time at which the next edit would be due.
    stage.clockAheadMs += 60_000;
    for (let i = 0; i < 3; i += 1) {
      await settled(stage);
    }
    expect(edits().length).toBe(before);
    open();
    await trace.reply(isFinished);
    expect(edits().length).toBe(before + 1);
  });

  it('has all controls under four pictures', async () => {
    const { message, job } = await imagine(stage, 'four');
    const ids = controlsOf(message).map((control) => control.custom_id?.replace(job.id, '*'));
    expect(ids).toEqual([
      ...[0, 1, 2, 3].map((index) => `t1:upscale:*:${index}`),
      ...[0, 1, 2, 3].map((index) => `t1:vary:*:${index}:s`),
      ...[0, 1, 2, 3].map((index) => `t1:vary:*:${index}:x`),
      't1:reroll:*',
      't1:edit:*',
      't1:keep:*',
      't1:delete:*',
      't1:more:*',
    ]);
  });

  it('does not let a prompt mention, link or format', async () => {
    const { message } = await imagine(stage, '@everyone **x** https://a.example <@1> \u202Eevil');
    expect(message.mention_everyone).toBe(false);
    expect(message.mentions).toEqual([]);
    const text = message.embeds[0]?.description ?? '';
    expect(text).not.toContain('@everyone');
    expect(text).not.toContain('://');
    expect(text).not.toContain('\u202E');
  });

  it('speaks the member’s language', async () => {
    const { message } = await imagine(stage, 'ein Fuchs', { locale: 'de' });
    expect(textOf(message)).toContain('Gewünscht von');
    expect(controlsOf(message).find((control) => control.custom_id?.startsWith('t1:more'))?.placeholder).toBe('Mehr …');
  });

  it.each([
    ['a style that is not there', { prompt: 'x', style: 'baroque' }, /style “baroque”.*3d, flat/],
    ['a prompt of blanks', { prompt: '   ' }, /what to paint/],
    ['too many pictures', { prompt: 'x', count: 9 }, /up to 8 pictures/],
    ['a blocked word', { prompt: 'a f.u.c.k' }, /is not allowed here/],
  ])('refuses %s, to the member alone and before painting', async (_what, options, answer) => {
    const reply = await stage.driver.slash('imagine', options).reply();
    expect(reply.content).toMatch(answer);
    expect(reply.flags & EPHEMERAL).toBe(EPHEMERAL);
    expect(stage.painter.requests).toEqual([]);
  });

  it('suggests styles', async () => {
    expect(await stage.driver.autocomplete('imagine', 'style', { prompt: 'x', style: 'fl' }).choices()).toMatchObject([
      { name: 'flat', value: 'flat' },
    ]);
  });

  it('says kindly that a job failed', async () => {
    stage.painter.failures.push(new Error('secret path /root'));
    const reply = await stage.driver
      .slash('imagine', { prompt: 'fails' })
      .reply((m) => m.content.includes('did not work'));
    expect(reply.content).not.toContain('secret');
    // The log has what the member is not told.
    expect(stage.logged.splice(0).join()).toContain('secret path');
  });
});

describe('/show', () => {
  it('brings a job back with live buttons', async () => {
    const { job } = await imagine(stage, 'to be shown');
    const shown = await stage.driver
      .slash('show', { job: ` \`${job.id.toLowerCase()}\` ` }, { as: 'ben' })
      .reply(isFinished);
    expect(textOf(shown)).toContain('to be shown');
    const again = await stage.driver.pressButton(shown, `t1:reroll:${job.id}`, { as: 'ben' }).reply(isFinished);
    expect(jobUnder(stage, again).parentJobId).toBe(job.id);
  });

  it('shows one that waits with its place', async () => {
    const open = gate(stage.painter);
    const trace = stage.driver.slash('imagine', { prompt: 'patience' });
    await trace.reply((message) => message.content.includes('🎨'));
    const id = stage.queue.snapshot()[0]?.jobId ?? '';
    expect((await stage.driver.slash('show', { job: id }, { as: 'ben' }).reply()).content).toMatch(/🎨/);
    open();
    await trace.reply(isFinished);
  });

  it('knows nothing of other servers’ jobs and of other members’ direct messages', async () => {
    const other = stage.driver.addGuild('Elsewhere', 1);
    const foreign = await imagine(stage, 'their secret', { as: other.members[0]?.id ?? '', channel: other.channel });
    const inDm = await imagine(stage, 'my diary', { channel: stage.driver.dm('ben'), as: 'ben' });
    for (const { job } of [foreign, inDm]) {
      const reply = await stage.driver.slash('show', { job: job.id }).reply();
      expect(reply.content).toMatch(/cannot find that job/);
      expect(textOf(reply)).not.toMatch(/secret|diary/);
    }
    const fromDm = await stage.driver.slash('show', { job: inDm.job.id }, { channel: stage.driver.dm('ada') }).reply();
    expect(fromDm.content).toMatch(/cannot find/);
  });

  it('suggests the jobs that the member kept here', async () => {
    const { message, job } = await imagine(stage, 'a keeper');
    await stage.driver.pressButton(message, `t1:keep:${job.id}`).reply();
    const choices = await stage.driver.autocomplete('show', 'job', { job: 'keep' }).choices();
    expect(choices).toMatchObject([{ name: `${job.id} · a keeper`, value: job.id }]);
    const inDm = stage.driver.autocomplete('show', 'job', { job: '' }, { channel: stage.driver.dm('ada') });
    expect(await inDm.choices()).toEqual([]);
  });

  it('says when another model runs now', async () => {
    const { job } = await imagine(stage, 'old model');
    stage.painter.bundleName = 'newer';
    try {
      const reply = await stage.driver.slash('show', { job: job.id }).reply();
      expect(reply.content).toMatch(/model “fake@1.2.3”. I run “newer@1.2.3” now/);
    } finally {
      stage.painter.bundleName = 'fake';
    }
  });
});

describe('/queue', () => {
  it('tells places and who is ahead by numbers, and cancels', async () => {
    const open = gate(stage.painter);
    const other = stage.driver.addGuild('Faraway Land', 1);
    const stranger = other.members[0]?.id ?? '';
    const traces = [
      stage.driver.slash('imagine', { prompt: 'theirs' }, { as: stranger, channel: other.channel }),
      stage.driver.slash('imagine', { prompt: 'bens' }, { as: 'ben' }),
      stage.driver.slash('imagine', { prompt: 'mine' }),
    ];
    for (const trace of traces) {
      await trace.reply();
    }
    const seen = await stage.driver.slash('queue').reply();
    expect(seen.flags & EPHEMERAL).toBe(EPHEMERAL);
    expect(textOf(seen)).toMatch(/2 waiting, 1 being painted/);
    expect(textOf(seen)).toMatch(/Ahead of you: 1 from here, 1 from elsewhere \(1 other servers\)/);
    expect(textOf(seen)).not.toMatch(/Faraway|theirs|bens/);
    const control = controlsOf(seen)[0]?.custom_id ?? '';
    const pressed = stage.driver.pressButton(seen, control);
    await pressed.reply((message) => message.content.includes('Cancelled'));
    expect((await traces[2]?.reply((message) => message.content.includes('Cancelled')))?.content).toMatch(/Cancelled/);
    open();
    await traces[1]?.reply(isFinished);
    expect(textOf(await stage.driver.slash('queue').reply())).toContain('nothing waiting');
  });
});

describe('/describe and /vary', () => {
  it('says what a picture shows, without its words taking effect', async () => {
    const reply = await stage.driver
      .slash('describe', { image: picture })
      .reply((message) => message.embeds.length > 0);
    expect(textOf(reply)).toContain('`0.41` a red apple');
    expect(textOf(reply)).not.toContain('@everyone');
  });

  it('paints from the embedding of an upload', async () => {
    const before = stage.painter.textEncodings;
    const reply = await stage.driver.slash('vary', { image: picture, count: 3, seed: 5 }).reply(isFinished);
    const job = jobUnder(stage, reply);
    expect(job).toMatchObject({ source: { kind: 'embedding' }, count: 3, seed: 5, prompt: '' });
    expect(job.embedding).toEqual(await stage.painter.embedImage(picture.bytes));
    expect(stage.painter.textEncodings).toBe(before);
    expect(textOf(reply)).toContain('From an uploaded picture');
  });

  it.each(['describe', 'vary'])('/%s tells that a file is no picture', async (name) => {
    const image = { filename: 'virus.png', bytes: Buffer.from('MZ not a picture'), contentType: 'image/png' };
    const reply = await stage.driver.slash(name, { image }).reply();
    expect(reply.content).toMatch(/cannot read that file/);
  });
});

describe('/info and /help', () => {
  it('show the model, the limits that apply, and the versions', async () => {
    const { guild } = stage.driver.world.home;
    stage.store.settings.set(guild.id, 'test', 'jobsPerHour', 17);
    const text = textOf(await stage.driver.slash('info').reply());
    for (const part of ['fake 1.2.3', 'MIT', 'psnr: 22.5', 'Jobs per hour: **17**', 'Tessera 9.9.9', 'discord.js 14']) {
      expect(text).toContain(part);
    }
    expect(textOf(await stage.driver.slash('help', {}, { locale: 'fr' }).reply())).toContain(
      '/imagine** peint tes mots',
    );
  });
});

describe('the context menus', () => {
  it('make variations of a job’s best picture, and of any picture', async () => {
    const { message, job } = await imagine(stage, 'base');
    const varied = jobUnder(stage, await stage.driver.contextMenu('Make variations', message).reply(isFinished));
    expect(varied).toMatchObject({
      parentJobId: job.id,
      source: { kind: 'variation', parentIndex: 0, strength: 'strong' },
    });
    const said = stage.driver.say('look', { as: 'ben', files: [picture] });
    const ofPicture = jobUnder(stage, await stage.driver.contextMenu('Make variations', said).reply(isFinished));
    expect(ofPicture.source).toEqual({ kind: 'embedding' });
    const plain = stage.driver.say('only words', { as: 'ben' });
    expect((await stage.driver.contextMenu('Make variations', plain).reply()).content).toMatch(/no picture/);
  });

  it('use a prompt, of a job or of a message', async () => {
    const { message, job } = await imagine(stage, 'a teapot');
    const opened = stage.driver.contextMenu('Use this prompt', message, { as: 'ben' });
    const made = jobUnder(stage, await (await stage.driver.submitModal(opened)).reply(isFinished));
    expect(made).toMatchObject({ prompt: 'a teapot', seed: job.seed, origin: { userId: stage.driver.user('ben').id } });
    const said = stage.driver.say('a kettle on a hill', { as: 'ben' });
    const other = stage.driver.contextMenu('Use this prompt', said);
    const ofWords = jobUnder(stage, await (await stage.driver.submitModal(other)).reply(isFinished));
    expect(ofWords.prompt).toBe('a kettle on a hill');
  });

  it('describe a message’s picture', async () => {
    const said = stage.driver.say('look', { as: 'ben', files: [picture] });
    const reply = await stage.driver.contextMenu('Describe', said).reply((message) => message.embeds.length > 0);
    expect(textOf(reply)).toContain('a red apple');
    const { message } = await imagine(stage, 'own picture');
    const own = await stage.driver.contextMenu('Describe', message).reply((seen) => seen.embeds.length > 0);
    expect(textOf(own)).toContain('a red apple');
  });
});
