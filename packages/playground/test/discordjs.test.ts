import { Client, GatewayIntentBits } from 'discord.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PlaygroundServer, startPlayground } from '../src/server.js';
import { EchoBot, PIXEL } from './echo-bot.js';

let server: PlaygroundServer;
let bot: EchoBot;

beforeAll(async () => {
  server = await startPlayground({ port: 0, limits: { enforceRateLimits: false, answerWithinMs: 2_500 } });
  bot = new EchoBot(server);
  await bot.start(server);
  await bot.register();
});

afterAll(async () => {
  await bot.client.destroy();
  await server.close();
});

describe('a real discord.js client', () => {
  it('logs in, knows the server and registers commands', async () => {
    expect(bot.client.guilds.cache.map((guild) => guild.name)).toEqual(['Playground']);
    expect(server.driver.commands().map((one) => one.body.name)).toEqual(['echo', 'Repeat this']);
    expect(server.driver.commands({ as: 'moderator' }).map((one) => one.body.name)).toContain('settings');
    const fetched = await bot.client.application.commands.fetch();
    expect(fetched.find((one) => one.name === 'settings')?.defaultMemberPermissions?.has('ManageGuild')).toBe(true);
  });

  it('defers, edits and attaches a file with alt text', async () => {
    const trace = server.driver.slash('echo', { text: 'hello' });
    expect((await trace.answered()).type).toBe(5);
    const reply = await trace.reply((message) => message.attachments.length > 0);
    expect(reply.content).toBe('hello');
    expect(reply.attachments[0]).toMatchObject({
      filename: 'picture.png',
      description: 'A picture',
      width: 1,
      height: 1,
    });
    expect(Buffer.from(await server.driver.download(reply.attachments[0]?.url ?? ''))).toEqual(PIXEL);
    expect(bot.errors).toEqual([]);
  });

  it('answers buttons, menus and forms', async () => {
    const { driver } = server;
    const first = await driver.slash('echo', { text: 'press' }).reply((message) => message.components.length > 0);
    const again = driver.pressButton(first, 'again', { as: 'ben' });
    expect((await again.followUp()).content).toBe('again!');
    const edit = driver.pressButton(first, /^edit/, { as: 'ben' });
    expect((await edit.modal()).title).toBe('Edit');
    const submitted = await driver.submitModal(edit, { text: 'other words' });
    expect((await submitted.reply()).content).toBe('now: other words');
    const chosen = driver.selectOption(first, 'menu', '2');
    expect((await chosen.reply()).content).toBe('chose 2');
    expect(chosen.record.originalId).toBe(first.id);
    driver.pressButton(first, 'delete');
    await driver.waitForDeletion(first);
    expect(bot.errors).toEqual([]);
  });

  it('keeps ephemeral answers from everybody else', async () => {
    const { driver } = server;
    const secret = await driver.slash('echo', { text: 'psst', mode: 'secret' }, { as: 'ben' }).reply();
    expect(secret.flags & 64).toBe(64);
    expect(driver.messages({ as: 'ben' }).some((message) => message.id === secret.id)).toBe(true);
    expect(driver.messages({ as: 'ada' }).some((message) => message.id === secret.id)).toBe(false);
  });

  it('serves autocomplete, context menus, subcommands and uploads', async () => {
    const { driver } = server;
    expect(await driver.autocomplete('echo', 'style', { style: 'lo' }).choices()).toEqual([
      { name: 'loud', value: 'loud' },
    ]);
    const said = driver.say('words of mine');
    expect((await driver.contextMenu('Repeat this', said, { as: 'ben' }).reply()).content).toBe('again: words of mine');
    const set = driver.slash('settings set', { value: 3 }, { as: 'moderator' });
    expect((await set.reply()).content).toBe('set to 3');
    expect(() => driver.slash('settings set', { value: 3 })).toThrow(/no command settings/);
    const file = { filename: 'note.txt', bytes: Buffer.from('my bytes') };
    const back = await driver.slash('echo', { text: 'up', file }).reply((message) => message.attachments.length > 0);
    expect(Buffer.from(await driver.download(back.attachments[0]?.url ?? '')).toString()).toBe('my bytes');
  });

  it('hears reactions on messages that it never saw', async () => {
    const { driver } = server;
    const said = driver.say('an old message');
    driver.react(said, '⭐', { as: 'ben' });
    const answer = await driver.waitForMessage((message) => message.content.includes('⭐'), { after: said });
    expect(answer.content).toBe(`${driver.user('ben').id} put ⭐ on "an old message"`);
    expect(answer.message_reference?.message_id).toBe(said.id);
  });

  it('works in direct messages and threads', async () => {
    const { driver } = server;
    const dm = driver.slash('echo', { text: 'in private' }, { channel: driver.dm('ben'), as: 'ben' });
    expect((await dm.reply((message) => message.attachments.length > 0)).channel_id).toBe(driver.dm('ben').id);
    const thread = driver.thread('side talk');
    const inThread = driver.slash('echo', { text: 'in a thread' }, { channel: thread });
    expect((await inThread.reply((message) => message.attachments.length > 0)).channel_id).toBe(thread.id);
    expect(bot.errors).toEqual([]);
  });

  it('fails an interaction that is not answered, and then refuses the late answer', async () => {
    const trace = server.driver.slash('echo', { text: 'x', mode: 'never' });
    expect(await trace.settled()).toBe('failed');
    await expect(trace.answered()).rejects.toThrow(/did not respond/);
    const late = await bot.client.rest
      .post(`/interactions/${trace.id}/${trace.record.token}/callback`, { body: { type: 5 }, auth: false })
      .catch((error: unknown) => error);
    expect(late).toMatchObject({ code: 10062, status: 404 });
  });

  it('resumes after a cut and hears what happened in between', async () => {
    const { driver } = server;
    const before = driver.gatewayCounts;
    driver.dropGateway('cut');
    const trace = driver.slash('echo', { text: 'while you were out' });
    expect((await trace.reply((message) => message.attachments.length > 0)).content).toBe('while you were out');
    expect(driver.gatewayCounts).toEqual({ identifies: before.identifies, resumes: before.resumes + 1 });
  });

  it('identifies anew when the session was invalidated', async () => {
    const { driver } = server;
    const before = driver.gatewayCounts.identifies;
    driver.dropGateway('invalidate');
    await driver.waitUntil(() => (driver.gatewayCounts.identifies > before ? true : undefined), 'a new session');
    await driver.ready();
    expect((await driver.slash('echo', { text: 'anew' }).reply((message) => message.content === 'anew')).content).toBe(
      'anew',
    );
  }, 20_000);
});

describe('logging in', () => {
  it('refuses a wrong token and intents that were not granted', async () => {
    const make = (intents: GatewayIntentBits[]) => new Client({ intents, rest: { api: server.apiUrl } });
    const wrong = make([GatewayIntentBits.Guilds]);
    await expect(wrong.login('not.the.token')).rejects.toThrow(/invalid token/i);
    const greedy = make([GatewayIntentBits.Guilds, GatewayIntentBits.MessageContent]);
    await expect(greedy.login(server.botToken)).rejects.toThrow(/disallowed intents/i);
    await Promise.all([wrong.destroy(), greedy.destroy()]);
  });
});
