import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { InteractionTrace } from '../src/driver/trace.js';
import { type PlaygroundServer, startPlayground } from '../src/server.js';
import { type Call, codesAt, restClient } from './rest-client.js';

let server: PlaygroundServer;
let call: Call;

beforeAll(async () => {
  server = await startPlayground({ port: 0, limits: { enforceRateLimits: false } });
  call = restClient(server);
});

afterAll(() => server.close());

const command = (where = {}) => server.driver.sendRaw(2, { id: '1', name: 'x', type: 1 }, {}, where);
const answer = (trace: InteractionTrace, body: object, query = '') =>
  call('POST', `/interactions/${trace.id}/${trace.record.token}/callback${query}`, body, { token: null });
const webhook = (trace: InteractionTrace, rest = '') =>
  `/webhooks/${server.applicationId}/${trace.record.token}${rest}`;
const ORIGINAL = '/messages/%40original';

describe('the first answer', () => {
  it('is 204, or the message when asked for', async () => {
    expect((await answer(command(), { type: 4, data: { content: 'hi' } })).status).toBe(204);
    const full = await answer(command(), { type: 4, data: { content: 'hi', flags: 64 } }, '?with_response=true');
    expect(full.json).toMatchObject({
      interaction: { type: 2, response_message_ephemeral: true },
      resource: { type: 4, message: { content: 'hi', flags: 64 } },
    });
  });

  it('is taken once, in time, with the right token', async () => {
    const trace = command();
    const forged = await call('POST', `/interactions/${trace.id}/forged/callback`, { type: 5 }, { token: null });
    expect(forged).toMatchObject({ status: 404, json: { code: 10062 } });
    expect((await answer(trace, { type: 5 })).status).toBe(204);
    expect(await answer(trace, { type: 4, data: { content: 'x' } })).toMatchObject({
      status: 400,
      json: { code: 40060 },
    });
  });

  it('is refused once its time is over', async () => {
    const hasty = await startPlayground({ port: 0, limits: { answerWithinMs: 30 } });
    try {
      const late = hasty.driver.sendRaw(2, { id: '1', name: 'x', type: 1 });
      expect(await late.settled()).toBe('failed');
      const path = `/interactions/${late.id}/${late.record.token}/callback`;
      expect(await restClient(hasty)('POST', path, { type: 5 })).toMatchObject({ status: 404, json: { code: 10062 } });
    } finally {
      await hasty.close();
    }
  });

  it('has a type that fits the interaction', async () => {
    for (const type of [1, 6, 7, 8]) {
      expect(codesAt(await answer(command(), { type }), 'type')).toEqual(['BASE_TYPE_CHOICES']);
    }
    const suggest = server.driver.sendRaw(4, { id: '1', name: 'x', options: [] });
    expect(codesAt(await answer(suggest, { type: 4, data: { content: 'x' } }), 'type')).toEqual(['BASE_TYPE_CHOICES']);
    const choices = Array.from({ length: 26 }, (_, index) => ({ name: 'x', value: `${index}` }));
    expect(codesAt(await answer(suggest, { type: 8, data: { choices } }), 'data', 'choices')).toEqual([
      'BASE_TYPE_MAX_LENGTH',
    ]);
    const submitted = server.driver.sendRaw(5, { custom_id: 'x', components: [] });
    expect(codesAt(await answer(submitted, { type: 9, data: {} }), 'type')).toEqual(['BASE_TYPE_CHOICES']);
  });

  it('defers with nothing but the ephemeral flag', async () => {
    const wrong = await answer(command(), { type: 5, data: { flags: 1 << 15 } });
    expect(wrong.json.code).toBe(50035);
    expect((await answer(command(), { type: 5, data: { content: 'x' } })).json.code).toBe(50035);
    expect((await answer(command(), { type: 5, data: { flags: 64 } })).status).toBe(204);
  });

  it('opens only well-formed modals', async () => {
    const input = (id: string) => ({ type: 1, components: [{ type: 4, custom_id: id, style: 1, label: 'x' }] });
    const modal = (components: object[], more = {}) =>
      answer(command(), { type: 9, data: { custom_id: 'm', title: 't', components, ...more } });
    expect(codesAt(await modal(Array.from({ length: 6 }, (_, i) => input(`${i}`))), 'data', 'components')).toEqual([
      'BASE_TYPE_MAX_LENGTH',
    ]);
    expect(
      codesAt(await modal([input('a'), input('a')]), 'data', 'components', 1, 'components', 0, 'custom_id'),
    ).toEqual(['COMPONENT_CUSTOM_ID_DUPLICATED']);
    expect(codesAt(await modal([input('a')], { title: 'x'.repeat(46) }), 'data', 'title')).toEqual([
      'BASE_TYPE_MAX_LENGTH',
    ]);
    expect((await modal([input('a')])).status).toBe(204);
  });

  it('needs permissions for files, and says so in app_permissions', async () => {
    const { driver } = server;
    const channel = driver.world.addChannel(driver.world.home.guild, 'no-files');
    driver.denyBot(['AttachFiles'], channel);
    const trace = command({ channel });
    expect(BigInt(String(trace.record.payload.app_permissions)) & (1n << 15n)).toBe(0n);
    const refused = await call(
      'POST',
      `/interactions/${trace.id}/${trace.record.token}/callback`,
      { type: 4, data: {} },
      { token: null, files: [['a.png', new Uint8Array(4)]] },
    );
    expect(refused).toMatchObject({ status: 403, json: { code: 50013 } });
  });
});

describe('what follows', () => {
  it('needs an answer first', async () => {
    const trace = command();
    expect(await call('PATCH', webhook(trace, ORIGINAL), { content: 'x' }, { token: null })).toMatchObject({
      status: 404,
      json: { code: 10015 },
    });
    expect(
      (await call('POST', `/webhooks/${server.applicationId}/forged`, { content: 'x' }, { token: null })).json.code,
    ).toBe(50027);
  });

  it('edits, adds and deletes; a followup fills a deferred answer first', async () => {
    const trace = command();
    await answer(trace, { type: 5 });
    const filled = await call('POST', webhook(trace), { content: 'filled' }, { token: null });
    expect(filled.json.id).toBe(trace.record.originalId);
    const next = await call('POST', webhook(trace), { content: 'next', flags: 64 }, { token: null });
    expect(next.json.id).not.toBe(filled.json.id);
    expect(
      (await call('PATCH', webhook(trace, `/messages/${next.json.id}`), { content: 'edited' }, { token: null })).json
        .content,
    ).toBe('edited');
    expect((await call('GET', webhook(trace, ORIGINAL), undefined, { token: null })).json.content).toBe('filled');
    expect((await call('DELETE', webhook(trace, ORIGINAL), undefined, { token: null })).status).toBe(204);
    expect(await call('PATCH', webhook(trace, ORIGINAL), { content: 'x' }, { token: null })).toMatchObject({
      status: 404,
      json: { code: 10008 },
    });
    const foreign = server.driver.say('not yours');
    expect(
      (await call('PATCH', webhook(trace, `/messages/${foreign.id}`), { content: 'x' }, { token: null })).json.code,
    ).toBe(10008);
  });

  it('ends after fifteen minutes', async () => {
    const trace = command();
    await answer(trace, { type: 5 });
    server.driver.ageTokens(15 * 60_000 + 1);
    for (const [method, path] of [
      ['PATCH', ORIGINAL],
      ['POST', ''],
    ] as const) {
      expect(await call(method, webhook(trace, path), { content: 'x' }, { token: null })).toMatchObject({
        status: 401,
        json: { code: 50027 },
      });
    }
  });

  it('follows the clock that was passed in', async () => {
    let now = Date.UTC(2026, 0, 1);
    const timed = await startPlayground({ port: 0, clock: () => now });
    try {
      const timedCall = restClient(timed);
      const trace = timed.driver.sendRaw(2, { id: '1', name: 'x', type: 1 });
      await timedCall('POST', `/interactions/${trace.id}/${trace.record.token}/callback`, { type: 5 });
      const path = `/webhooks/${timed.applicationId}/${trace.record.token}${ORIGINAL}`;
      expect((await timedCall('PATCH', path, { content: 'in time' })).status).toBe(200);
      now += 15 * 60_000 + 1;
      expect((await timedCall('PATCH', path, { content: 'late' })).json.code).toBe(50027);
    } finally {
      await timed.close();
    }
  });

  it('fails when the channel is gone', async () => {
    const { driver } = server;
    const channel = driver.world.addChannel(driver.world.home.guild, 'doomed');
    const trace = command({ channel });
    await answer(trace, { type: 5 });
    driver.deleteChannel(channel);
    expect(await call('PATCH', webhook(trace, ORIGINAL), { content: 'x' }, { token: null })).toMatchObject({
      status: 404,
      json: { code: 10003 },
    });
  });
});

describe('what the bot is told', () => {
  it('holds all that discord.js reads', () => {
    const trace = server.driver.sendRaw(2, { id: '1', name: 'x', type: 1 }, {}, { as: 'moderator', locale: 'de' });
    expect(trace.record.payload).toMatchObject({
      attachment_size_limit: 10 * 1024 * 1024,
      context: 0,
      locale: 'de',
      guild_locale: 'en-US',
      entitlements: [],
      authorizing_integration_owners: { '0': server.driver.world.home.guild.id },
      member: { user: { username: 'mara' }, permissions: expect.stringMatching(/^\d+$/) },
      app_permissions: expect.stringMatching(/^\d+$/),
    });
    const dm = server.driver.sendRaw(2, { id: '1', name: 'x', type: 1 }, {}, { channel: server.driver.dm() });
    expect(dm.record.payload).toMatchObject({ context: 1, user: { username: 'ada' } });
    expect(dm.record.payload).not.toHaveProperty('member');
  });

  it('can be forged at will', () => {
    const { driver } = server;
    const said = driver.say('x');
    const trace = driver.sendRaw(
      3,
      { custom_id: 't1:reroll:nobody', component_type: 2 },
      { member: null },
      { message: said },
    );
    expect(trace.record.payload).toMatchObject({
      data: { custom_id: 't1:reroll:nobody' },
      message: { id: said.id },
      member: null,
    });
  });
});
