import { textOf } from '@tessera/playground';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { gate, imagine, isFinished, jobUnder, openStage, type Stage } from './harness.js';

let stage: Stage;
let guildId: string;
beforeAll(async () => {
  stage = await openStage();
  guildId = stage.driver.world.home.guild.id;
});
afterAll(() => stage.close());
afterEach(async () => {
  await limits('resume');
  stage.store.settings.reset(guildId, 'test');
  expect(stage.logged.splice(0)).toEqual([]);
});

const MODERATOR = { as: 'moderator' } as const;
const limits = async (subcommand: string, options = {}) =>
  textOf(await stage.driver.slash(`limits ${subcommand}`, options, MODERATOR).reply());
const refusal = async (prompt: string, where = {}) => {
  const reply = await stage.driver.slash('imagine', { prompt }, where).reply();
  expect(reply.flags & 64).toBe(64);
  return reply.content;
};

describe('/limits', () => {
  it('is for members who manage the server, whatever Discord lets through', async () => {
    for (const subcommand of ['show', 'set', 'reset', 'history', 'pause', 'resume']) {
      const reply = await stage.driver
        .slash(`limits ${subcommand}`, {}, { as: 'ben', ignorePermissions: true })
        .reply();
      expect(reply.content).toMatch(/manage this server/);
    }
    expect(stage.store.settings.get(guildId).paused).toBe(false);
  });

  it('changes at once and writes down who, when, old and new', async () => {
    const text = await limits('set', { waiting: 2, hour: 10, buttons: 'requester', share: 2.5 });
    expect(text).toContain('Jobs waiting per member**: 5 → 2');
    expect(text).toContain('Buttons**: anyone → the requester');
    expect(stage.store.settings.get(guildId)).toMatchObject({
      maxWaitingPerMember: 2,
      jobsPerHour: 10,
      buttons: 'requester',
      queueShare: 2.5,
    });
    const history = await limits('history');
    expect(history).toContain(`<@${stage.driver.user('moderator').id}>`);
    expect(history).toMatch(/<t:\d+:f>.*Share of the queue\*\*: 1 → 2.5/);
    expect(await limits('show')).toContain('Jobs per hour**: 10');
    expect(await limits('reset')).toContain('settings are back');
    expect(stage.store.settings.get(guildId).jobsPerHour).toBe(60);
  });

  it('says when there is nothing to change', async () => {
    expect(await limits('set')).toMatch(/Nothing to change/);
    const role = stage.driver.world.addRole(stage.driver.world.home.guild, 'VIP', []);
    expect(await limits('set', { role: role.id })).toMatch(/at least one limit/);
    expect(await limits('set', { block: '-, x' })).toMatch(/cannot be used/);
  });
});

describe('the limits', () => {
  it('cap what waits per member', async () => {
    await limits('set', { waiting: 1 });
    const open = gate(stage.painter);
    const painting = stage.driver.slash('imagine', { prompt: 'one' });
    await painting.reply((message) => message.content.includes('🎨'));
    const waiting = stage.driver.slash('imagine', { prompt: 'two' });
    await waiting.reply((message) => message.content.includes('⏳'));
    expect(await refusal('three')).toMatch(/already have 1 jobs waiting/);
    const other = stage.driver.slash('imagine', { prompt: 'bens' }, { as: 'ben' });
    await other.reply((message) => message.content.includes('⏳'));
    open();
    await Promise.all([waiting.reply(isFinished), other.reply(isFinished)]);
  });

  it('hold for an hour, a day, and between two jobs; rerolls count too', async () => {
    const member = stage.driver.world.addUser('newcomer');
    stage.driver.world.addMember(stage.driver.world.home.guild, member);
    const as = { as: member };
    await limits('set', { cooldown: 60 });
    const { message, job } = await imagine(stage, 'first', as);
    expect(await refusal('second', as)).toMatch(/A short break.*<t:\d+:R>/);
    await limits('set', { cooldown: 0, hour: 1 });
    expect((await stage.driver.pressButton(message, `t1:reroll:${job.id}`, as).reply()).content).toMatch(
      /1 jobs of this hour/,
    );
    await limits('set', { hour: 0, day: 1 });
    expect(await refusal('third', as)).toMatch(/1 jobs of today/);
    await limits('set', { day: 0 });
    await imagine(stage, 'fourth', as);
  });

  it('are better for roles with a tier, best of all', async () => {
    const { guild } = stage.driver.world.home;
    const vip = stage.driver.world.addRole(guild, 'VIP', []);
    const gold = stage.driver.world.addRole(guild, 'Gold', []);
    await limits('set', { pictures: 2 });
    await limits('set', { role: vip.id, pictures: 3 });
    expect(await limits('set', { role: gold.id, pictures: 4, share: 3 })).toContain(`<@&${gold.id}>`);
    const member = stage.driver.world.addUser('golden');
    stage.driver.world.addMember(guild, member, [vip.id, gold.id]);
    await imagine(stage, 'four', { as: member, options: { count: 4 } });
    const plain = await stage.driver.slash('imagine', { prompt: 'x', count: 3 }).reply();
    expect(plain.content).toMatch(/up to 2 pictures/);
    await limits('set', { 'remove-role': gold.id });
    const reply = await stage.driver.slash('imagine', { prompt: 'x', count: 4 }, { as: member }).reply();
    expect(reply.content).toMatch(/up to 3 pictures/);
  });

  it('cut down what nobody typed, and refuse what somebody typed', async () => {
    const { message, job } = await imagine(stage, 'four');
    expect(job.count).toBe(4);
    await limits('set', { pictures: 2 });
    expect((await imagine(stage, 'two')).job.count).toBe(2);
    const rerolled = await stage.driver.pressButton(message, `t1:reroll:${job.id}`).reply(isFinished);
    expect(jobUnder(stage, rerolled).count).toBe(2);
    const typed = await stage.driver.slash('imagine', { prompt: 'x', count: 3 }).reply();
    expect(typed.content).toMatch(/up to 2 pictures/);
  });

  it('open some channels and their threads only', async () => {
    const { general, gallery } = stage.driver.world.home;
    await limits('set', { channel: gallery.id });
    expect(await refusal('x', { channel: general })).toContain(`<#${gallery.id}>`);
    await imagine(stage, 'in the gallery', { channel: gallery });
    await imagine(stage, 'in a thread of it', { channel: stage.driver.thread('sketches', gallery) });
    await limits('set', { everywhere: true });
    await imagine(stage, 'anywhere', { channel: general });
  });

  it('block words in every disguise, also when editing, and can allow them again', async () => {
    await limits('set', { block: 'Pineapple, durian' });
    expect(await refusal('a P1NE-APPLE')).toContain('P1NE');
    expect(await refusal('a p i n e a p p l e')).toMatch(/not allowed here/);
    const { message, job } = await imagine(stage, 'an apple');
    const opened = stage.driver.pressButton(message, `t1:edit:${job.id}`);
    expect((await (await stage.driver.submitModal(opened, { prompt: 'a dur1an' })).reply()).content).toMatch(
      /not allowed/,
    );
    await limits('set', { allow: 'durian' });
    await imagine(stage, 'a durian');
  });

  it('pause and go on, keeping places', async () => {
    const open = gate(stage.painter);
    const painting = stage.driver.slash('imagine', { prompt: 'painting' });
    await painting.reply((message) => message.content.includes('🎨'));
    const waiting = stage.driver.slash('imagine', { prompt: 'waiting' });
    await waiting.reply((message) => message.content.includes('⏳'));
    expect(await limits('pause')).toMatch(/paused/);
    expect(await refusal('while paused')).toMatch(/paused painting/);
    open();
    await painting.reply(isFinished);
    await stage.restart();
    expect(isFinished((await waiting.reply()) as never)).toBe(false);
    const dm = await imagine(stage, 'elsewhere it goes on', { channel: stage.driver.dm('ada') });
    expect(dm.job.status).toBe('completed');
    expect(await limits('resume')).toMatch(/goes on/);
    await waiting.reply(isFinished);
  });
});
