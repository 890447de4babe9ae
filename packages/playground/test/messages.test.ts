import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PlaygroundDriver } from '../src/driver/driver.js';
import { type PlaygroundServer, startPlayground } from '../src/server.js';
import { type Call, codesAt, restClient } from './rest-client.js';

let server: PlaygroundServer;
let call: Call;
let driver: PlaygroundDriver;
let messages: string;

beforeAll(async () => {
  server = await startPlayground({ port: 0, limits: { enforceRateLimits: false, attachmentBytes: 1000 } });
  call = restClient(server);
  driver = server.driver;
  messages = `/channels/${server.driver.channel().id}/messages`;
});

afterAll(() => server.close());

const button = (id: string, more: object = {}) => ({ type: 2, style: 2, label: 'x', custom_id: id, ...more });
const row = (...components: object[]) => ({ type: 1, components });
const option = (value: string) => ({ label: 'l', value });

describe('a message is refused', () => {
  const V2 = 1 << 15;
  const cases: readonly [what: string, body: object, path: readonly (string | number)[], code: string][] = [
    ['long content', { content: 'x'.repeat(2001) }, ['content'], 'BASE_TYPE_MAX_LENGTH'],
    ['content of a wrong type', { content: 7 }, ['content'], 'STRING_TYPE_CONVERT'],
    ['an unknown field', { content: 'x', colour: 1 }, ['colour'], 'UNKNOWN_FIELD'],
    ['eleven embeds', { embeds: Array(11).fill({ title: 'x' }) }, ['embeds'], 'BASE_TYPE_MAX_LENGTH'],
    ['a long embed title', { embeds: [{ title: 'x'.repeat(257) }] }, ['embeds', 0, 'title'], 'BASE_TYPE_MAX_LENGTH'],
    ['an empty embed', { embeds: [{}] }, ['embeds', 0, 'description'], 'BASE_TYPE_REQUIRED'],
    [
      'embeds over 6000',
      { embeds: Array(2).fill({ description: 'x'.repeat(3001) }) },
      ['embeds'],
      'MAX_EMBED_SIZE_EXCEEDED',
    ],
    [
      'an empty field value',
      { embeds: [{ fields: [{ name: 'a', value: '' }] }] },
      ['embeds', 0, 'fields', 0, 'value'],
      'BASE_TYPE_MIN_LENGTH',
    ],
    ['a bad colour', { embeds: [{ title: 'x', color: 0x1000000 }] }, ['embeds', 0, 'color'], 'NUMBER_TYPE_MAX'],
    [
      'an embed link without scheme',
      { embeds: [{ title: 'x', url: 'example.org' }] },
      ['embeds', 0, 'url'],
      'STRING_TYPE_REGEX',
    ],
    [
      'six rows',
      { components: Array.from({ length: 6 }, (_, i) => row(button(`${i}`))) },
      ['components'],
      'BASE_TYPE_MAX_LENGTH',
    ],
    [
      'six buttons',
      { components: [row(...Array.from({ length: 6 }, (_, i) => button(`${i}`)))] },
      ['components', 0, 'components'],
      'BASE_TYPE_MAX_LENGTH',
    ],
    [
      'a long custom id',
      { components: [row(button('x'.repeat(101)))] },
      ['components', 0, 'components', 0, 'custom_id'],
      'BASE_TYPE_MAX_LENGTH',
    ],
    [
      'an empty custom id',
      { components: [row(button(''))] },
      ['components', 0, 'components', 0, 'custom_id'],
      'BASE_TYPE_MIN_LENGTH',
    ],
    [
      'a custom id twice',
      { components: [row(button('a')), row(button('a'))] },
      ['components', 1, 'components', 0, 'custom_id'],
      'COMPONENT_CUSTOM_ID_DUPLICATED',
    ],
    [
      'a long label',
      { components: [row(button('a', { label: 'x'.repeat(81) }))] },
      ['components', 0, 'components', 0, 'label'],
      'BASE_TYPE_MAX_LENGTH',
    ],
    [
      'a button with nothing on it',
      { components: [row(button('a', { label: '' }))] },
      ['components', 0, 'components', 0, 'label'],
      'BUTTON_COMPONENT_LABEL_REQUIRED',
    ],
    [
      'a link without address',
      { components: [row({ type: 2, style: 5, label: 'x' })] },
      ['components', 0, 'components', 0, 'url'],
      'BASE_TYPE_REQUIRED',
    ],
    [
      'an emoji that is none',
      { components: [row(button('a', { emoji: { name: 'fox' } }))] },
      ['components', 0, 'components', 0, 'emoji', 'name'],
      'COMPONENT_INVALID_EMOJI',
    ],
    [
      '26 options',
      { components: [row({ type: 3, custom_id: 's', options: Array.from({ length: 26 }, (_, i) => option(`${i}`)) })] },
      ['components', 0, 'components', 0, 'options'],
      'BASE_TYPE_MAX_LENGTH',
    ],
    [
      'an option twice',
      { components: [row({ type: 3, custom_id: 's', options: [option('a'), option('a')] })] },
      ['components', 0, 'components', 0, 'options', 1, 'value'],
      'SELECT_COMPONENT_OPTION_VALUE_DUPLICATED',
    ],
    [
      'a menu beside a button',
      { components: [row({ type: 3, custom_id: 's', options: [option('a')] }, button('b'))] },
      ['components', 0, 'components'],
      'COMPONENT_LAYOUT_WIDTH_EXCEEDED',
    ],
    [
      'a text input in a message',
      { components: [row({ type: 4, custom_id: 's', style: 1, label: 'x' })] },
      ['components', 0, 'components', 0, 'type'],
      'UNION_TYPE_CHOICES',
    ],
    [
      'new components without the flag',
      { components: [{ type: 10, content: 'x' }] },
      ['components', 0, 'type'],
      'BASE_TYPE_CHOICES',
    ],
    [
      'content beside new components',
      { flags: V2, content: 'x', components: [{ type: 10, content: 'x' }] },
      ['content'],
      'MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2',
    ],
    [
      '41 components',
      { flags: V2, components: Array(41).fill({ type: 10, content: 'x' }) },
      ['components'],
      'COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED',
    ],
    [
      'a gallery of a file that is not there',
      { flags: V2, components: [{ type: 12, items: [{ media: { url: 'attachment://a.png' } }] }] },
      ['components'],
      'UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND',
    ],
    [
      'mentions that exclude each other',
      { content: 'x', allowed_mentions: { parse: ['users'], users: ['1'] } },
      ['allowed_mentions', 'users'],
      'MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE',
    ],
    ['an ephemeral flag in a channel', { content: 'x', flags: 64 }, ['flags'], 'BITFIELD_FLAGS_INVALID'],
    ['a long nonce', { content: 'x', nonce: 'x'.repeat(26) }, ['nonce'], 'BASE_TYPE_MAX_LENGTH'],
    [
      'an attachment without file',
      { content: 'x', attachments: [{ id: '0' }] },
      ['attachments', 0, 'id'],
      'ATTACHMENT_NOT_FOUND',
    ],
    [
      'a reply to nothing',
      { content: 'x', message_reference: { message_id: '1' } },
      ['message_reference'],
      'REPLIES_UNKNOWN_MESSAGE',
    ],
  ];

  it.each(cases)('%s', async (_what, body, path, code) => {
    const answer = await call('POST', messages, body);
    expect([answer.status, answer.json.code]).toEqual([400, 50035]);
    expect(codesAt(answer, ...path)).toContain(code);
  });

  it('when it is empty, when it is no JSON, when nobody signed it', async () => {
    expect((await call('POST', messages, { content: '  ' })).json).toMatchObject({ code: 50006 });
    expect((await call('POST', messages, '{"content":')).json).toMatchObject({ code: 50109 });
    expect(await call('POST', messages, { content: 'x' }, { token: 'forged' })).toMatchObject({
      status: 401,
      json: { code: 0 },
    });
    expect(await call('POST', messages, { content: 'x' }, { token: null })).toMatchObject({ status: 401 });
  });

  it('when a file is too large', async () => {
    const answer = await call('POST', messages, {}, { files: [['a.bin', new Uint8Array(1001)]] });
    expect([answer.status, answer.json.code]).toEqual([413, 40005]);
  });
});

describe('permissions', () => {
  it.each([
    ['ViewChannel', { content: 'x' }, [], 50001],
    ['SendMessages', { content: 'x' }, [], 50013],
    ['EmbedLinks', { embeds: [{ title: 'x' }] }, [], 50013],
    ['AttachFiles', {}, [['a.txt', new Uint8Array(3)]], 50013],
    ['ReadMessageHistory', { content: 'x', message_reference: { message_id: '1' } }, [], 50013],
  ] as const)('%s is needed', async (permission, body, files, code) => {
    const channel = driver.world.addChannel(driver.world.home.guild, `without-${permission.toLowerCase()}`);
    const path = `/channels/${channel.id}/messages`;
    driver.denyBot([permission], channel);
    const options = files.length > 0 ? { files } : {};
    expect(await call('POST', path, body, options)).toMatchObject({ status: 403, json: { code } });
    driver.denyBot([], channel);
    const { message_reference: _, ...allowed } = body as { message_reference?: unknown };
    expect((await call('POST', path, allowed, options)).status).toBe(200);
  });

  it('a member who refuses direct messages is not written to', async () => {
    const ben = driver.user('ben');
    const dm = await call('POST', '/users/@me/channels', { recipient_id: ben.id });
    expect((await call('POST', `/channels/${dm.json.id}/messages`, { content: 'hi' })).status).toBe(200);
    ben.dmsClosed = true;
    expect(await call('POST', `/channels/${dm.json.id}/messages`, { content: 'hi' })).toMatchObject({
      status: 403,
      json: { code: 50007 },
    });
    ben.dmsClosed = false;
  });

  it("others' messages can be deleted with a permission and never edited", async () => {
    const said = driver.say('mine');
    expect((await call('PATCH', `${messages}/${said.id}`, { content: 'yours' })).json.code).toBe(50005);
    expect((await call('DELETE', `${messages}/${said.id}`)).json.code).toBe(50013);
    expect((await call('DELETE', `${messages}/${said.id}/reactions`)).json.code).toBe(50013);
  });
});

describe('a message that is there', () => {
  it('keeps, describes, drops and adds attachments on edits', async () => {
    const files = [
      ['a.txt', Buffer.from('A')],
      ['b.txt', Buffer.from('B')],
    ] as const;
    const made = await call(
      'POST',
      messages,
      { content: 'files', attachments: [{ id: 0, description: 'first' }, { id: 1 }] },
      { files },
    );
    const [a, b] = made.json.attachments;
    expect(a).toMatchObject({ filename: 'a.txt', description: 'first' });
    const path = `${messages}/${made.json.id}`;
    const edited = await call(
      'PATCH',
      path,
      { attachments: [{ id: b.id, description: 'kept' }, { id: '0' }] },
      { files: [['c.txt', Buffer.from('C')]] },
    );
    expect(edited.json.attachments.map((one: { filename: string }) => one.filename)).toEqual(['b.txt', 'c.txt']);
    expect(edited.json.attachments[0].description).toBe('kept');
    expect(edited.json.edited_timestamp).not.toBeNull();
    // A page that was about to load it still can, for a minute (attachments.test.ts).
    expect(await (await fetch(a.url)).text()).toBe('A');
    expect(await (await fetch(b.url)).text()).toBe('B');
    expect((await fetch(b.url.replace(/hm=../, 'hm=00'))).status).toBe(404);
    expect((await call('PATCH', path, { content: null, attachments: [] })).json.code).toBe(50006);
  });

  it('shows a file inside its embed, not beside it', async () => {
    const body = { embeds: [{ title: 'x', image: { url: 'attachment://a.png' } }] };
    const made = await call('POST', messages, body, { files: [['a.png', Buffer.from('A')]] });
    expect(made.json.attachments).toEqual([]);
    expect(await (await fetch(made.json.embeds[0].image.url)).text()).toBe('A');
  });

  it('is made once however often the same nonce is sent', async () => {
    const body = { content: 'once', nonce: '123', enforce_nonce: true };
    const [first, second] = [await call('POST', messages, body), await call('POST', messages, body)];
    expect(second.json.id).toBe(first.json.id);
    const third = await call('POST', messages, { ...body, enforce_nonce: false });
    expect(third.json.id).not.toBe(first.json.id);
  });

  it('pings only whom it may', async () => {
    const ada = driver.user('ada').id;
    const content = `@everyone <@${ada}>`;
    expect((await call('POST', messages, { content })).json).toMatchObject({
      mention_everyone: false,
      mentions: [{ id: ada }],
    });
    const hushed = await call('POST', messages, { content, allowed_mentions: { parse: [] } });
    expect(hushed.json.mentions).toEqual([]);
  });

  it('is unknown once deleted', async () => {
    const made = await call('POST', messages, { content: 'short-lived' });
    const path = `${messages}/${made.json.id}`;
    expect((await call('DELETE', path)).status).toBe(204);
    for (const method of ['GET', 'PATCH', 'DELETE']) {
      expect(await call(method, path, method === 'PATCH' ? { content: 'x' } : undefined)).toMatchObject({
        status: 404,
        json: { code: 10008 },
      });
    }
    expect((await call('GET', '/channels/1')).json.code).toBe(10003);
    expect((await call('GET', '/nowhere')).status).toBe(404);
    expect((await call('POST', '/users/@me', {})).status).toBe(405);
  });

  it('takes twenty different reactions, and only emoji', async () => {
    const made = await call('POST', messages, { content: 'react' });
    const path = (emoji: string) => `${messages}/${made.json.id}/reactions/${encodeURIComponent(emoji)}`;
    expect((await call('PUT', `${path('fox')}/@me`)).json.code).toBe(10014);
    for (let index = 0; index < 20; index++) {
      expect((await call('PUT', `${path(String.fromCodePoint(0x1f400 + index))}/@me`)).status).toBe(204);
    }
    expect((await call('PUT', `${path('⭐')}/@me`)).json.code).toBe(30010);
    expect((await call('GET', path(String.fromCodePoint(0x1f400)))).json).toMatchObject([{ id: server.applicationId }]);
    expect((await call('DELETE', `${path(String.fromCodePoint(0x1f400))}/@me`)).status).toBe(204);
    expect((await call('PUT', `${path('⭐')}/@me`)).status).toBe(204);
  });
});

describe('rate limits and injected failures', () => {
  it('sends headers, and refuses the sixth message in five seconds', async () => {
    const strict = await startPlayground({ port: 0 });
    try {
      const strictCall = restClient(strict);
      const path = `/channels/${strict.driver.channel().id}/messages`;
      const answers = [];
      for (let index = 0; index < 6; index++) {
        answers.push(await strictCall('POST', path, { content: 'x' }));
      }
      expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200, 200, 200, 429]);
      expect(answers[0]?.headers.get('x-ratelimit-remaining')).toBe('4');
      expect(answers[5]?.json).toMatchObject({ global: false, retry_after: expect.any(Number) });
      expect(Number(answers[5]?.headers.get('retry-after'))).toBeGreaterThan(0);
    } finally {
      await strict.close();
    }
  });

  it('fails on request: statuses, resets, and answers lost after the effect', async () => {
    const fault = driver.fail({ method: 'POST', route: '/messages', answer: { status: 503 } });
    expect((await call('POST', messages, { content: 'x' })).status).toBe(503);
    expect(fault.hits).toBe(1);
    driver.fail({ route: /messages$/, answer: { status: 429, retryAfterMs: 50 } });
    expect((await call('POST', messages, { content: 'x' })).json.retry_after).toBe(0.05);
    driver.fail({ answer: 'reset', afterEffect: true });
    await expect(call('POST', messages, { content: 'lost answer' })).rejects.toThrow();
    expect(driver.messages().some((message) => message.content === 'lost answer')).toBe(true);
    expect((await call('POST', messages, { content: 'x' })).status).toBe(200);
  });
});
