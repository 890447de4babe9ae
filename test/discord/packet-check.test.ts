import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkPacket, type Packet } from '../../src/discord/packet-check.js';

const user = { id: '1', username: 'ada', discriminator: '0', avatar: null };
const member = { user, roles: ['5'], permissions: '2048', joined_at: '2026-01-01T00:00:00Z', nick: null };
const message = {
  id: '9',
  channel_id: '2',
  author: user,
  content: 'hi',
  attachments: [],
  components: [],
  embeds: [],
  type: 0,
};

function interaction(type: number, data: unknown, more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id: '100',
    application_id: '3',
    type,
    token: 'a-token',
    version: 1,
    guild_id: '4',
    channel_id: '2',
    channel: { id: '2', type: 0, guild_id: '4', name: 'general' },
    member,
    locale: 'de',
    guild_locale: 'en-US',
    app_permissions: '2048',
    entitlements: [],
    authorizing_integration_owners: { '0': '4' },
    attachment_size_limit: 1000,
    context: 0,
    data,
    ...more,
  };
}

const imagine = { id: '7', name: 'imagine', type: 1, options: [{ name: 'prompt', type: 3, value: 'a fox' }] };
const good: readonly Record<string, unknown>[] = [
  interaction(2, imagine),
  interaction(2, imagine, { guild_id: undefined, member: undefined, user, channel: { id: '2', type: 1 }, context: 1 }),
  interaction(2, {
    id: '7',
    name: 'limits',
    type: 1,
    options: [{ name: 'set', type: 1, options: [{ name: 'hour', type: 4, value: 3 }] }],
  }),
  interaction(2, { id: '7', name: 'Describe', type: 3, target_id: '9', resolved: { messages: { '9': message } } }),
  interaction(3, { custom_id: 't1:reroll:0123456789AB', component_type: 2 }, { message }),
  interaction(3, { custom_id: 't1:more:0123456789AB', component_type: 3, values: ['8'] }, { message }),
  interaction(4, {
    id: '7',
    name: 'imagine',
    type: 1,
    options: [{ name: 'style', type: 3, value: '', focused: true }],
  }),
  interaction(5, {
    custom_id: 't1:imagine',
    components: [{ type: 18, component: { type: 4, custom_id: 'prompt', value: 'x' } }],
  }),
];

describe('checkPacket', () => {
  it.each(good)('lets a sound interaction pass (%#)', (d) => {
    const packet: Packet = { t: 'INTERACTION_CREATE', d };
    expect(checkPacket(packet)).toBeUndefined();
    expect(packet.t).toBe('INTERACTION_CREATE');
    expect(packet.d).toMatchObject({ id: '100', token: 'a-token', channel: { id: '2' }, app_permissions: '2048' });
  });

  it.each(['READY', 'GUILD_CREATE', 'toString', '__proto__', undefined, 7])('does not touch %s', (t) => {
    const d = { anything: [1] };
    const packet: Packet = { t, d };
    expect(checkPacket(packet)).toBeUndefined();
    expect(packet).toEqual({ t, d });
  });

  it.each([
    ['no data', { data: undefined }],
    ['data of another type', { data: 'x' }],
    ['options that are no list', { data: { ...imagine, options: { prompt: 'x' } } }],
    ['a value of another type', { data: { ...imagine, options: [{ name: 'prompt', type: 3, value: { $gt: '' } }] } }],
    ['a name of another type', { data: { ...imagine, name: 7 } }],
    ['a huge name', { data: { ...imagine, name: 'x'.repeat(20_000) } }],
    ['no member and no user', { member: undefined }],
    ['a member without a user', { member: { roles: [] } }],
    ['permissions that are no number', { app_permissions: 'all' }],
    ['a channel of another type', { channel: 'general' }],
    ['an unknown type', { type: 99 }],
    ['an id that is no snowflake', { guild_id: '../4' }],
  ])('stops one with %s, and knows how to answer it', (_what, change) => {
    const packet: Packet = { t: 'INTERACTION_CREATE', d: { ...interaction(2, imagine), ...change } };
    expect(checkPacket(packet)).toMatchObject({ id: '100', token: 'a-token', locale: 'de' });
    expect(packet.t).toBe('MALFORMED_INTERACTION_CREATE');
  });

  it('cannot answer what has no token, and says so by nothing', () => {
    for (const change of [{ token: undefined }, { token: '../../other' }, { id: {} }]) {
      const packet: Packet = { t: 'INTERACTION_CREATE', d: { ...interaction(2, 'x'), ...change } };
      expect(checkPacket(packet)).toBeUndefined();
      expect(packet.t).toBe('MALFORMED_INTERACTION_CREATE');
    }
  });

  it('takes reactions apart in the same way', () => {
    const d = {
      user_id: '1',
      channel_id: '2',
      message_id: '3',
      guild_id: '4',
      member,
      emoji: { id: null, name: '🔁' },
    };
    const packet: Packet = { t: 'MESSAGE_REACTION_ADD', d };
    checkPacket(packet);
    expect(packet.t).toBe('MESSAGE_REACTION_ADD');
    const broken: Packet = { t: 'MESSAGE_REACTION_ADD', d: { ...d, emoji: '🔁' } };
    expect(checkPacket(broken)).toBeUndefined();
    expect(broken.t).toBe('MALFORMED_MESSAGE_REACTION_ADD');
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.anything(), fc.constantFrom('INTERACTION_CREATE', 'MESSAGE_REACTION_ADD'), (d, t) => {
        checkPacket({ t, d });
      }),
    );
  });
});
