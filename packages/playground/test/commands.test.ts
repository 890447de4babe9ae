import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PlaygroundServer, startPlayground } from '../src/server.js';
import { commandSize } from '../src/validate/commands.js';
import { type Call, codesAt, restClient } from './rest-client.js';

let server: PlaygroundServer;
let call: Call;
let path: string;

beforeAll(async () => {
  server = await startPlayground({ port: 0, limits: { enforceRateLimits: false } });
  call = restClient(server);
  path = `/applications/${server.applicationId}/commands`;
});

afterAll(() => server.close());

const option = (name: string, more: object = {}) => ({ type: 3, name, description: 'd', ...more });
const slash = (more: object) => ({ name: 'x', description: 'd', ...more });

describe('a command is refused', () => {
  const cases: readonly [what: string, body: object, where: readonly (string | number)[], code: string][] = [
    ['an upper-case name', slash({ name: 'Imagine' }), ['name'], 'APPLICATION_COMMAND_INVALID_NAME'],
    ['a name with a space', slash({ name: 'a b' }), ['name'], 'APPLICATION_COMMAND_INVALID_NAME'],
    ['a long name', slash({ name: 'x'.repeat(33) }), ['name'], 'BASE_TYPE_MAX_LENGTH'],
    [
      'a bad localised name',
      slash({ name_localizations: { de: 'Ä B' } }),
      ['name_localizations', 'de'],
      'APPLICATION_COMMAND_INVALID_NAME',
    ],
    ['an unknown locale', slash({ name_localizations: { xx: 'a' } }), ['name_localizations', 'xx'], 'UNKNOWN_FIELD'],
    ['no description', slash({ description: '' }), ['description'], 'BASE_TYPE_REQUIRED'],
    ['a long description', slash({ description: 'x'.repeat(101) }), ['description'], 'BASE_TYPE_MAX_LENGTH'],
    ['an unknown field', slash({ nonsense: 1 }), ['nonsense'], 'UNKNOWN_FIELD'],
    [
      '26 options',
      slash({ options: Array.from({ length: 26 }, (_, i) => option(`o${i}`)) }),
      ['options'],
      'BASE_TYPE_MAX_LENGTH',
    ],
    [
      'an option twice',
      slash({ options: [option('a'), option('a')] }),
      ['options', 1],
      'APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS',
    ],
    [
      'required after optional',
      slash({ options: [option('a'), option('b', { required: true })] }),
      ['options', 1],
      'APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID',
    ],
    [
      '26 choices',
      slash({
        options: [option('a', { choices: Array.from({ length: 26 }, (_, i) => ({ name: `${i}`, value: `${i}` })) })],
      }),
      ['options', 0, 'choices'],
      'BASE_TYPE_MAX_LENGTH',
    ],
    [
      'choices and autocomplete',
      slash({ options: [option('a', { autocomplete: true, choices: [{ name: 'a', value: 'a' }] })] }),
      ['options', 0, 'autocomplete'],
      'APPLICATION_COMMAND_OPTION_FIELD_INVALID',
    ],
    [
      'a text among numbers',
      slash({ options: [option('a', { type: 4, choices: [{ name: 'a', value: 'a' }] })] }),
      ['options', 0, 'choices', 0, 'value'],
      'STRING_TYPE_CONVERT',
    ],
    [
      'subcommands beside options',
      slash({ options: [option('a', { type: 1 }), option('b')] }),
      ['options'],
      'APPLICATION_COMMAND_OPTIONS_TYPE_INVALID',
    ],
    [
      'a context menu with description',
      { type: 3, name: 'Do it', description: 'd' },
      ['description'],
      'APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION',
    ],
    [
      'permissions as a number',
      slash({ default_member_permissions: 32 }),
      ['default_member_permissions'],
      'STRING_TYPE_CONVERT',
    ],
  ];

  it.each(cases)('for %s', async (_what, body, where, code) => {
    const answer = await call('PUT', path, [slash({ name: 'fine' }), body]);
    expect([answer.status, answer.json.code]).toEqual([400, 50035]);
    expect(codesAt(answer, 1, ...where)).toContain(code);
  });

  it('for more than 8000 characters, counted with the longest localisation', async () => {
    const big = (length: number) =>
      slash({
        options: Array.from({ length: 25 }, (_, i) =>
          option(`o${i}`, {
            choices: Array.from({ length: 20 }, (_, j) => ({
              name: `${j}`,
              name_localizations: { de: `${j}`.padEnd(length, 'x') },
              value: `${j}`,
            })),
          }),
        ),
      });
    expect(commandSize(big(9))).toBeLessThan(8000);
    expect((await call('PUT', path, [big(9)])).status).toBe(200);
    expect(commandSize(big(20))).toBeGreaterThan(8000);
    expect(codesAt(await call('PUT', path, [big(20)]), 0)).toContain('APPLICATION_COMMAND_TOO_LARGE');
  });

  it('for a name twice, or 101 commands', async () => {
    expect(codesAt(await call('PUT', path, [slash({}), slash({})]), 1, 'name')).toEqual([
      'APPLICATION_COMMANDS_DUPLICATE_NAME',
    ]);
    const many = Array.from({ length: 101 }, (_, index) => slash({ name: `c${index}` }));
    expect((await call('PUT', path, many)).json.code).toBe(30032);
  });
});

describe('registered commands', () => {
  it('keep their ids when overwritten, and can be changed one by one', async () => {
    const [first] = (await call('PUT', path, [slash({ name: 'paint' })])).json;
    const again = (await call('PUT', path, [slash({ name: 'paint', description: 'new' }), { type: 3, name: 'Do it' }]))
      .json;
    expect(again.map((one: { id: string }) => one.id)).toContain(first.id);
    expect((await call('PATCH', `${path}/${first.id}`, { description: 'newer' })).json.description).toBe('newer');
    expect((await call('POST', path, slash({ name: 'paint', description: 'newest' }))).json.id).toBe(first.id);
    expect((await call('DELETE', `${path}/${first.id}`)).status).toBe(204);
    expect(await call('GET', `${path}/${first.id}`)).toMatchObject({ status: 404, json: { code: 10063 } });
  });

  it('belong to everyone or to one server', async () => {
    const { guild } = server.driver.world.home;
    const other = server.driver.addGuild('Other place');
    const own = `/applications/${server.applicationId}/guilds/${guild.id}/commands`;
    await call('PUT', path, [slash({ name: 'everywhere' }), slash({ name: 'here-only', contexts: [0] })]);
    await call('PUT', own, [slash({ name: 'local' })]);
    const names = (where: object) =>
      server.driver
        .commands(where)
        .map((one) => one.body.name)
        .sort();
    expect(names({})).toEqual(['everywhere', 'here-only', 'local']);
    expect(names({ as: other.members[0], channel: other.channel })).toEqual(['everywhere', 'here-only']);
    expect(names({ channel: server.driver.dm() })).toEqual(['everywhere']);
    expect((await call('PUT', `/applications/1/commands`, [])).json.code).toBe(10002);
  });

  it("are checked like by Discord's app before anything is sent", async () => {
    const { driver } = server;
    await call('PUT', path, [
      slash({
        name: 'paint',
        options: [
          option('prompt', { required: true, max_length: 5 }),
          option('count', { type: 4, min_value: 1, max_value: 4 }),
        ],
      }),
    ]);
    expect(() => driver.slash('paint')).toThrow(/prompt is required/);
    expect(() => driver.slash('paint', { prompt: 'too long' })).toThrow(/at most 5/);
    expect(() => driver.slash('paint', { prompt: 'fox', count: 5 })).toThrow(/at most 4/);
    expect(() => driver.slash('paint', { prompt: 'fox', colour: 'red' })).toThrow(/no option colour/);
    expect(driver.slash('paint', { prompt: 'fox', count: 4 }).record.payload).toMatchObject({
      data: {
        name: 'paint',
        options: [
          { name: 'prompt', type: 3, value: 'fox' },
          { name: 'count', type: 4, value: 4 },
        ],
      },
    });
  });
});
