import type { InteractionTrace } from '@tessera/playground';
import { textOf } from '@tessera/playground';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { imagine, openStage, type Stage } from './harness.js';

let stage: Stage;
let foreignId: string;
let ownId: string;
const SECRET = 'xyzzy-secret-of-another-server';

beforeAll(async () => {
  stage = await openStage();
  const other = stage.driver.addGuild('Elsewhere', 1);
  const foreign = await imagine(stage, SECRET, { as: other.members[0]?.id ?? '', channel: other.channel });
  foreignId = foreign.job.id;
  ownId = (await imagine(stage, 'an own job')).job.id;
  const { guild } = stage.driver.world.home;
  stage.store.settings.set(guild.id, 'test', 'maxWaitingPerMember', 1000);
  stage.store.settings.set(guild.id, 'test', 'jobsPerHour', 0);
  stage.store.settings.set(guild.id, 'test', 'jobsPerDay', 0);
});
afterAll(() => stage.close());

const NAMES = [
  'imagine',
  'show',
  'queue',
  'describe',
  'vary',
  'info',
  'help',
  'limits',
  'Describe',
  'Use this prompt',
  'nope',
];
const OPTIONS = ['prompt', 'count', 'seed', 'style', 'size', 'job', 'image', 'set', 'hour', '__proto__', 'constructor'];
const junk = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
  fc.constantFrom<unknown>('x'.repeat(100_000), '@everyone', -1, 1e308, 2 ** 53, true, null, {}, [], [[]], { a: 1 }),
  fc.anything({ maxDepth: 2, withNullPrototype: false }).filter(isJson),
);

/** What can travel over the gateway at all. */
function isJson(value: unknown): boolean {
  try {
    return JSON.stringify(value) !== undefined;
  } catch {
    return false;
  }
}

const option = fc.record({
  name: fc.oneof(fc.constantFrom(...OPTIONS), junk),
  type: fc.oneof(fc.nat(12), junk),
  value: junk,
});
const command = fc.record(
  {
    id: fc.oneof(fc.constant('1'), junk),
    name: fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...NAMES) }, { weight: 1, arbitrary: junk }),
    type: fc.oneof({ weight: 5, arbitrary: fc.constantFrom(1, 2, 3) }, { weight: 1, arbitrary: junk }),
    options: fc.oneof(fc.array(option, { maxLength: 3 }), junk),
    resolved: fc.oneof(fc.constant({}), junk),
    target_id: fc.oneof(fc.constant('1'), junk),
  },
  { requiredKeys: ['name'] },
);
/** Well-formed as far as Discord's types go, wrong in what it says. */
const plausible = fc.record({
  id: fc.constant('1'),
  name: fc.constantFrom(...NAMES),
  type: fc.constantFrom(1, 3),
  options: fc.array(
    fc.oneof(
      fc.record({ name: fc.constantFrom(...OPTIONS), type: fc.constant(3), value: fc.string({ maxLength: 300 }) }),
      fc.record({
        name: fc.constantFrom(...OPTIONS),
        type: fc.constantFrom(4, 10),
        value: fc.double({ noNaN: true, noDefaultInfinity: true }),
      }),
      fc.record({ name: fc.constantFrom('show', 'set', 'reset', 'history', 'pause', 'nope'), type: fc.constant(1) }),
    ),
    { maxLength: 3 },
  ),
});
const customId = fc.oneof(
  fc
    .constantFrom('reroll', 'vary', 'upscale', 'edit', 'keep', 'delete', 'cancel', 'more', 'nope')
    .chain((action) =>
      fc
        .constantFrom('', ':0', ':3:s', ':15:x', ':99', ':0:q', ':-1')
        .map((tail) => `t1:${action}:${foreignId}${tail}`),
    ),
  fc
    .constantFrom('edit', 'more', 'upscale', 'vary')
    .chain((action) => fc.constantFrom(':15', ':0:z', '', ':7:x').map((tail) => `t1:${action}:${ownId}${tail}`)),
  junk,
);
const component = fc.record({
  custom_id: customId,
  component_type: fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(2, 3) },
    { weight: 1, arbitrary: fc.oneof(fc.nat(30), junk) },
  ),
  values: fc.oneof(
    fc.array(fc.oneof(fc.string({ maxLength: 20 }), fc.constantFrom('8', '0', 'separate')), { maxLength: 3 }),
    junk,
  ),
});
const modal = fc.record({
  custom_id: fc.oneof(customId, fc.constant('t1:imagine')),
  components: fc.oneof(
    fc.array(
      fc.record({
        type: fc.constant(18),
        component: fc.record({ type: fc.constant(4), custom_id: fc.constantFrom('prompt', 'seed', 'x'), value: junk }),
      }),
      { maxLength: 3 },
    ),
    junk,
  ),
});
/** Fields of the envelope that are put over a sound one. */
const envelope = fc.oneof(
  { weight: 4, arbitrary: fc.constant({}) },
  {
    weight: 1,
    arbitrary: fc.dictionary(
      fc.constantFrom(
        'guild_id',
        'channel',
        'member',
        'user',
        'locale',
        'app_permissions',
        'entitlements',
        'message',
        'version',
        'context',
        'attachment_size_limit',
      ),
      junk,
      { maxKeys: 2 },
    ),
  },
);
const forged = fc.oneof(
  fc.record({ type: fc.constant(2), data: fc.oneof(command, plausible), envelope }),
  fc.record({ type: fc.constant(3), data: component, envelope }),
  fc.record({ type: fc.constant(5), data: modal, envelope }),
  fc.record({ type: fc.constant(4), data: fc.oneof(command, plausible), envelope }),
  fc.record({ type: fc.nat(8), data: junk, envelope }),
);

const isAnswerable = ({ record }: InteractionTrace) => record.type >= 2 && record.type <= 5;
const RUNS = 1000;
const AT_ONCE = 25;

describe('a thousand forged interactions', () => {
  it('do not crash the bot, leak nothing, and are each answered clearly', async () => {
    const crashes: unknown[] = [];
    const onCrash = (reason: unknown) => void crashes.push(reason);
    process.on('unhandledRejection', onCrash);
    process.on('uncaughtException', onCrash);
    const target = stage.driver.messages().find((message) => message.components.length > 0);
    const before = stage.painter.requests.length;
    const samples = fc.sample(forged, { numRuns: RUNS, seed: 20_261_123 });
    const traces: InteractionTrace[] = [];
    for (let at = 0; at < samples.length; at += AT_ONCE) {
      const batch = samples
        .slice(at, at + AT_ONCE)
        .map(({ type, data, envelope: over }) =>
          stage.driver.sendRaw(type, data as never, over as never, target === undefined ? {} : { message: target }),
        );
      traces.push(...batch);
      await Promise.all(batch.filter(isAnswerable).map((trace) => trace.settled(20_000)));
    }
    process.off('unhandledRejection', onCrash);
    process.off('uncaughtException', onCrash);
    expect(crashes).toEqual([]);

    // Discord has no answer to interactions of types that do not exist.
    const answerable = traces.filter(isAnswerable);
    expect(answerable.length).toBeGreaterThan(RUNS * 0.8);
    const unanswered = answerable
      .filter(({ record }) => record.state !== 'answered')
      .map(({ record }) => JSON.stringify({ ...record.payload, message: 0, channel: 0, member: 0 }).slice(0, 500));
    expect(unanswered).toEqual([]);

    const seen = traces
      .flatMap((trace) => [trace.current(), ...trace.followUps()])
      .filter((message) => message !== undefined);
    expect(seen.length).toBeGreaterThan(300);
    const texts = [
      ...seen.map((message) => JSON.stringify(message)),
      ...traces.map((trace) => JSON.stringify(trace.record.answer)),
    ];
    for (const text of texts) {
      expect(text).not.toContain(SECRET);
      expect(text).not.toMatch(/\.[jt]s:\d+|node_modules|TypeError|undefined is not|\/work\//);
    }
    for (const message of seen) {
      expect(message.mention_everyone).toBe(false);
    }
    const empty = seen.filter((message) => textOf(message) === '' && message.attachments.length === 0);
    expect(empty.filter((message) => (message.flags & 128) === 0)).toEqual([]);

    expect(stage.store.jobs.get(foreignId)).toMatchObject({ deletedAt: null, status: 'completed' });
    expect(stage.store.keeps.count(foreignId)).toBe(0);
    expect(stage.painter.requests.length - before).toBeLessThan(RUNS / 4);
    // Our own faults would be in the log as errors: there are none.
    expect(stage.logged.filter((line) => line.includes('"level":50'))).toEqual([]);
    await imagine(stage, 'still alive');
  }, 120_000);
});
