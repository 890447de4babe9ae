/** What members see of the painter's memory: words it did not understand, and the pictures it leaned on. */

import { type SeenMessage, textOf } from '@tessera/playground';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { PictureSource } from '../../src/domain/picture.js';
import { embeddingOf } from './fake-painter.js';
import { gate, imagine, isFinished, jobUnder, openStage, type Stage } from './harness.js';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());
afterEach(() => {
  stage.painter.unknownWords = undefined;
  stage.painter.conditionOf = () => undefined;
  stage.store.settings.reset(stage.driver.world.home.guild.id, 'test');
  expect(stage.logged.splice(0)).toEqual([]);
});

const EPHEMERAL = 64;
const description = (message: SeenMessage) => message.embeds[0]?.description ?? '';

describe('words that were not understood', () => {
  it.each([
    ['en-US', 'Not understood: blorp · zxcv'],
    ['pl', 'Niezrozumiałe: blorp · zxcv'],
  ])('are told in the member’s language: %s', async (locale, line) => {
    stage.painter.unknownWords = ['blorp', 'zxcv'];
    const { message } = await imagine(stage, 'a fox, blorp, zxcv', { locale });
    expect(description(message)).toBe(`**a fox, blorp, zxcv**\n❔ ${line}`);
  });

  it.each([
    ['en-US', /^❔ Not understood: /],
    ['de', /^❔ Nicht verstanden: /],
  ])('take no effect, and are few and short: %s', async (locale, start) => {
    const hostile = [
      '@everyone <@1> <#2> </imagine:3>',
      '**x** _y_ `z` ||w|| ~~v~~ [a](https://evil.example)',
      'https://**bold**.example',
      '\u202Eevil\n# heading\n> quote',
      'y'.repeat(500),
      'a sixth',
      'a seventh',
    ];
    stage.painter.unknownWords = ['\u200B', ...hostile];
    const { message } = await imagine(stage, 'hostile', { locale });
    const [, line = '', ...others] = description(message).split('\n');
    expect(others).toEqual([]);
    expect(line).toMatch(start);
    expect(line).not.toMatch(/@(everyone|<)|(?<!\\)[<*_`|~]|:\/\/|\u202E/);
    expect(line).toMatch(/y{59}… …$/);
    expect(line).not.toMatch(/sixth|seventh/);
    expect(line.length).toBeLessThan(350);
    expect(message.mention_everyone).toBe(false);
    expect(message.mentions).toEqual([]);
  });

  it('are not mentioned where everything was understood', async () => {
    stage.painter.unknownWords = [];
    expect(description((await imagine(stage, 'a fox')).message)).toBe('**a fox**');
  });

  it('are told after a restart too, and by /show in the reader’s language', async () => {
    stage.painter.unknownWords = ['blorp'];
    const open = gate(stage.painter);
    const trace = stage.driver.slash('imagine', { prompt: 'a blorp' });
    await trace.reply((message) => message.content.includes('🎨'));
    await stage.restart({ whileDown: open });
    const done = await trace.reply(isFinished);
    expect(description(done)).toContain('Not understood: blorp');
    await stage.restart();
    const job = jobUnder(stage, done);
    const shown = await stage.driver.slash('show', { job: job.id }, { as: 'ben', locale: 'fr' }).reply(isFinished);
    expect(description(shown)).toContain('Pas compris : blorp');
  });

  it('are not told again of rerolls and variations', async () => {
    stage.painter.unknownWords = ['blorp'];
    const { message, job } = await imagine(stage, 'a blorp');
    for (const control of [`t1:reroll:${job.id}`, `t1:vary:${job.id}:0:s`]) {
      const reply = await stage.driver.pressButton(message, control).reply(isFinished);
      expect(description(reply)).not.toContain('understood');
    }
  });
});

describe('buttons', () => {
  it('use what each picture was painted from, after a restart', async () => {
    const own = [0, 1, 2, 3].map((index) => ({ embedding: embeddingOf('x'.repeat(index)), sources: [fox(index)] }));
    stage.painter.conditionOf = (index) => own[index];
    const { message, job } = await imagine(stage, 'a fox');
    await stage.restart();
    await stage.driver.pressButton(message, `t1:reroll:${job.id}`).reply(isFinished);
    expect(stage.painter.requests.at(-1)?.condition).toEqual({
      kind: 'embedding',
      embedding: job.embedding,
      pictures: own,
    });
    await stage.driver.pressButton(message, `t1:vary:${job.id}:2:s`).reply(isFinished);
    expect(stage.painter.requests.at(-1)?.condition).toEqual({
      kind: 'variation',
      embedding: { vector: own[2]?.embedding, bundle: 'fake@1.2.3' },
      imageTokens: job.pictures[2]?.imageTokens,
      strength: 'subtle',
      sources: own[2]?.sources,
    });
  });
});

describe('/info job', () => {
  it('tells, to the member alone, what each picture leans on and whom to thank', async () => {
    stage.painter.conditionOf = (index) =>
      index === 3
        ? undefined
        : {
            embedding: embeddingOf('x'),
            sources: index === 1 ? [fox(1), hat] : [{ ...fox(0), name: '@everyone **fox**' }],
          };
    const { job } = await imagine(stage, 'a fox with a hat');
    const reply = await stage.driver.slash('info', { job: ` \`${job.id.toLowerCase()}\` ` }, { as: 'ben' }).reply();
    expect(reply.flags & EPHEMERAL).toBe(EPHEMERAL);
    expect(reply.embeds[0]?.title).toBe(`Pictures that job ${job.id} leans on`);
    expect(reply.embeds[0]?.fields).toMatchObject([
      { name: 'Picture 1, 3', value: '**@\u200Beveryone \\*\\*fox\\*\\*** · Noto Emoji · Google · Apache-2.0' },
      {
        name: 'Picture 2',
        value: '**fox 1** · Noto Emoji · Google · Apache-2.0\n**hat** · OpenMoji · Ada\\_L · CC-BY-4.0',
      },
      { name: 'Picture 4', value: '—' },
    ]);
    const inFrench = await stage.driver.slash('info', { job: job.id }, { locale: 'fr' }).reply();
    expect(textOf(inFrench)).toContain('Image 1, 3');
  });

  it('keeps within Discord’s bounds, and says how many it leaves out', async () => {
    stage.store.settings.set(stage.driver.world.home.guild.id, 'test', 'maxPicturesPerPrompt', 16);
    const long = (index: number): PictureSource => ({
      ...{ name: `${index} ${'n'.repeat(300)}`, set: '*'.repeat(300) },
      ...{ author: '@'.repeat(300), licence: '<'.repeat(300) },
    });
    const sources = (picture: number) => Array.from({ length: 20 }, (_, index) => long(picture * 100 + index));
    stage.painter.conditionOf = (index) => ({ embedding: embeddingOf('x'), sources: sources(index) });
    for (const count of [1, 16]) {
      const { job } = await imagine(stage, 'crowded', { options: { count } });
      // The playground refuses what Discord refuses.
      const reply = await stage.driver.slash('info', { job: job.id }, { locale: 'pl' }).reply();
      const fields = reply.embeds[0]?.fields ?? [];
      expect(fields).toHaveLength(count);
      for (const [index, { value }] of fields.entries()) {
        expect(value).toContain(`${index * 100} nnn`);
        expect(value).toMatch(/\n… \+\d+$/);
        const shown = value.split('\n').length - 1;
        expect(value).toContain(`+${20 - shown}`);
      }
    }
  });

  it('says clearly that a job leans on nothing, is not finished, or is not to be found', async () => {
    const { job } = await imagine(stage, 'from words alone');
    const none = await stage.driver.slash('info', { job: job.id }).reply();
    expect(none.content).toBe(`The pictures of job \`${job.id}\` lean on no other picture.`);
    expect(none.flags & EPHEMERAL).toBe(EPHEMERAL);
    const open = gate(stage.painter);
    const trace = stage.driver.slash('imagine', { prompt: 'patience' });
    await trace.reply((message) => message.content.includes('🎨'));
    const unfinished = await stage.driver.slash('info', { job: stage.queue.snapshot()[0]?.jobId ?? '' }).reply();
    expect(unfinished.content).toMatch(/not finished yet/);
    open();
    await trace.reply(isFinished);
  });

  it('knows no more than /show', async () => {
    stage.painter.conditionOf = () => ({ embedding: embeddingOf('x'), sources: [hat] });
    const other = stage.driver.addGuild('Elsewhere', 1);
    const foreign = await imagine(stage, 'theirs', { as: other.members[0]?.id ?? '', channel: other.channel });
    const inDm = await imagine(stage, 'my diary', { channel: stage.driver.dm('ben'), as: 'ben' });
    const deleted = await imagine(stage, 'deleted');
    stage.store.jobs.markDeleted(deleted.job.id);
    for (const id of [foreign.job.id, inDm.job.id, deleted.job.id, 'ZZZZZZZZZZZZ', '💥']) {
      const [told, shown] = [
        await stage.driver.slash('info', { job: id }).reply(),
        await stage.driver.slash('show', { job: id }).reply(),
      ];
      expect(told.content).toMatch(/cannot find that job/);
      expect(told.content).toBe(shown.content);
      expect(told.embeds).toEqual([]);
    }
    const own = stage.driver.slash('info', { job: inDm.job.id }, { channel: stage.driver.dm('ben'), as: 'ben' });
    expect(textOf(await own.reply())).toContain('hat');
  });

  it('suggests the jobs that the member kept here', async () => {
    const { message, job } = await imagine(stage, 'a keeper of hats');
    await stage.driver.pressButton(message, `t1:keep:${job.id}`).reply();
    const choices = await stage.driver.autocomplete('info', 'job', { job: 'hats' }).choices();
    expect(choices).toMatchObject([{ name: `${job.id} · a keeper of hats`, value: job.id }]);
  });
});

function fox(index: number): PictureSource {
  return { name: `fox ${index}`, set: 'Noto Emoji', author: 'Google', licence: 'Apache-2.0' };
}

const hat: PictureSource = { name: 'hat', set: 'OpenMoji', author: 'Ada_L', licence: 'CC-BY-4.0' };
