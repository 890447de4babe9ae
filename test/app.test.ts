/** The whole thing as processes: `tessera start` against the local Discord, stopped and killed in every way. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type PlaygroundServer, startPlayground } from '@tessera/playground';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { registerCommands } from '../src/discord/register.js';
import { openStore } from '../src/store/open-store.js';
import { redisBinary, startRedis } from './painter/redis/redis-server.js';

const cli = join(inject('distDir'), 'cli', 'index.js');
const bundle = new URL('./fixtures/tiny-bundle', import.meta.url).pathname;
const running: ChildProcess[] = [];
let folder: string;
let databasePath: string;
let discord: PlaygroundServer;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-main-'));
});
beforeEach(async ({ task }) => {
  databasePath = join(folder, `${task.id}.sqlite`);
  discord = await startPlayground({ port: 0 });
  await registerCommands({ token: discord.botToken, apiUrl: discord.apiUrl });
});
afterEach(async () => {
  for (const child of running.splice(0)) {
    child.kill('SIGKILL');
  }
  await discord.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly pid?: number;
  readonly healthUrl?: string;
}

/** Starts the bot and collects what it logs. */
function start(env: Record<string, string> = {}, command = 'start') {
  const child = spawn(process.execPath, [cli, command], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      DISCORD_TOKEN: discord.botToken,
      DISCORD_API_URL: discord.apiUrl,
      DATABASE_PATH: databasePath,
      MODEL_BUNDLE: bundle,
      THREADS_PER_WORKER: '1',
      HTTP_PORT: '0',
      ...env,
    },
  });
  running.push(child);
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    output.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output.stderr += chunk;
  });
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  const logged = (message: string): LogLine | undefined =>
    output.stderr
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line): LogLine => JSON.parse(line))
      .find(({ msg }) => msg === message);
  const waitFor = async (message: string): Promise<LogLine> => {
    for (let tries = 0; tries < 1_000; tries++) {
      const line = logged(message);
      if (line !== undefined) {
        return line;
      }
      if (child.exitCode !== null) {
        break;
      }
      await sleep(20);
    }
    throw new Error(`"${message}" was not logged:\n${output.stderr}`);
  };
  return { child, output, exited, logged, waitFor };
}

const imagine = (prompt: string, as: 'ada' | 'ben' = 'ada') =>
  discord.driver.slash('imagine', { prompt, count: 4 }, { as });
const isPainted = (message: { attachments: readonly unknown[]; components: readonly unknown[] }) =>
  message.attachments.length > 0 && message.components.length > 0;
const counts = () => {
  const store = openStore({ path: databasePath });
  try {
    return store.jobs.counts();
  } finally {
    store.close();
  }
};

describe('tessera start', { timeout: 60_000 }, () => {
  it('paints for members, tells its health and stops with exit code 0', async () => {
    const bot = start();
    const { healthUrl = '' } = await bot.waitFor('listening');
    await discord.driver.ready(20_000);
    const message = await imagine('a happy fox').reply(isPainted, 20_000);
    expect(message.attachments[0]?.filename).toMatch(/\.png$/);
    expect(await (await fetch(healthUrl)).json()).toMatchObject({
      ok: true,
      gateway: { isReady: true },
      workers: [{ state: 'ready' }],
    });
    const metrics = await (await fetch(healthUrl.replace('healthz', 'metrics'))).text();
    expect(metrics).toContain('tessera_jobs{status="completed"} 1');
    expect(metrics).toContain('tessera_acknowledgement_seconds_count 1');
    expect(metrics).toContain('tessera_paint_seconds_count 1');

    bot.child.kill('SIGTERM');
    expect(await bot.exited).toBe(0);
    expect(bot.output.stdout).toBe('');
    expect(bot.output.stderr).not.toContain(discord.botToken);
    expect(bot.output.stderr).not.toContain('a happy fox');
  });

  it('stops in the middle of the work within 10 s, and paints the rest after the next start', async () => {
    const bot = start();
    await discord.driver.ready(20_000);
    const wishes = [1, 2, 3, 4].flatMap((i) => [imagine(`fox ${i}`, 'ada'), imagine(`house ${i}`, 'ben')]);
    await Promise.all(wishes.map((wish) => wish.answered()));
    bot.child.kill('SIGTERM');
    // After ten seconds it would have ended itself, with 1.
    expect(await bot.exited).toBe(0);
    const between = counts();
    expect(between.active).toBe(0);
    expect(between.waiting).toBeGreaterThan(0);
    expect(between.waiting + between.completed).toBe(8);

    start();
    for (const wish of wishes) {
      await wish.reply(isPainted, 20_000);
    }
    expect(counts()).toMatchObject({ completed: 8, waiting: 0, active: 0, failed: 0 });
  });

  it('survives a kill -9 of the worker and a kill -9 of itself', async () => {
    const bot = start();
    const { pid = 0 } = await bot.waitFor('the worker is ready');
    await discord.driver.ready(20_000);
    const first = [1, 2, 3].map((i) => imagine(`fox ${i}`));
    await Promise.all(first.map((wish) => wish.answered()));
    process.kill(pid, 'SIGKILL');
    for (const wish of first) {
      await wish.reply(isPainted, 20_000);
    }
    expect(bot.logged('the worker was lost and will be restarted')).toBeDefined();

    const second = [4, 5, 6].map((i) => imagine(`fox ${i}`, 'ben'));
    await Promise.all(second.map((wish) => wish.answered()));
    bot.child.kill('SIGKILL');
    await bot.exited;
    start();
    for (const wish of second) {
      await wish.reply(isPainted, 20_000);
    }
    expect(counts()).toMatchObject({ completed: 6, waiting: 0, active: 0, failed: 0 });
  });
});

describe('tessera start fails at once, in one line and with an exit code,', () => {
  it('when the token is wrong', async () => {
    const bot = start({ DISCORD_TOKEN: 'wrong.token.here' });
    expect(await bot.exited).toBe(2);
    expect(bot.output.stderr).toMatch(/^tessera: DISCORD_TOKEN is refused by Discord \(401\)[^\n]*$/m);
    expect(bot.output.stderr).not.toContain('wrong.token.here');
    // Before anything that costs time.
    expect(bot.output.stderr).not.toContain('the worker is ready');
  });

  it('when Discord cannot be reached', async () => {
    const bot = start({ DISCORD_API_URL: 'http://127.0.0.1:9/api' });
    expect(await bot.exited).toBe(2);
    expect(bot.output.stderr).toMatch(
      /^tessera: Discord cannot be reached at 127\.0\.0\.1:9: [^\n]*DISCORD_API_URL[^\n]*$/m,
    );
  });

  it('when another one uses the database, which goes on', async () => {
    const first = start();
    await first.waitFor('connected to Discord');
    const second = start();
    expect(await second.exited).toBe(1);
    expect(second.output.stderr).toMatch(/^tessera: The database [^\n]* is in use by another tessera[^\n]*$/m);
    await imagine('still there').reply(isPainted, 20_000);
  });

  it('when the bundle is damaged', async () => {
    const damaged = join(folder, 'damaged');
    cpSync(bundle, damaged, { recursive: true });
    truncateSync(join(damaged, 'step.onnx'), 10);
    const bot = start({ MODEL_BUNDLE: damaged });
    expect(await bot.exited).toBe(1);
    expect(bot.output.stderr).toMatch(/^tessera: [^\n]*step\.onnx[^\n]*$/m);
  });

  it('when the port is taken', async () => {
    const bot = start({ HTTP_PORT: `${discord.port}` });
    expect(await bot.exited).toBe(1);
    expect(bot.output.stderr).toContain(`Port ${discord.port} of 127.0.0.1 is taken`);
  });

  it('when a variable is wrong', async () => {
    const bot = start({ WORKERS: 'many' });
    expect(await bot.exited).toBe(2);
    expect(bot.output.stderr).toMatch(/^tessera: [^\n]*WORKERS[^\n]*\n$/);
  });
});

describe('tessera start ends', () => {
  it('by name and with 1 when Discord will not have it back', async () => {
    const bot = start();
    await bot.waitFor('connected to Discord');
    discord.driver.dropGateway(4004);
    expect(await bot.exited).toBe(1);
    expect(bot.output.stderr).toMatch(/Discord refuses the bot \(4004\)[^\n]*DISCORD_TOKEN/);
  });
});

describe('tessera start without a token', () => {
  it('opens the playground with the bot in it, /healthz on the same port', async () => {
    const bot = start({ DISCORD_TOKEN: '' });
    const { healthUrl = '' } = await bot.waitFor('listening');
    while (bot.output.stdout === '' && bot.child.exitCode === null) {
      await sleep(20);
    }
    const url = /^Playground: (http:\/\/127\.0\.0\.1:\d+\/)\n$/.exec(bot.output.stdout)?.[1] ?? '';
    expect(healthUrl).toBe(`${url}healthz`);
    expect((await fetch(healthUrl)).status).toBe(200);
    bot.child.kill('SIGINT');
    expect(await bot.exited).toBe(0);
  });
});

describe.skipIf(redisBinary === undefined)('tessera worker', { timeout: 60_000 }, () => {
  it('paints for a bot elsewhere, and another one takes over when it is killed', async () => {
    const redis = await startRedis();
    try {
      const env = { REDIS_URL: redis.url };
      const bot = start(env);
      await discord.driver.ready(20_000);
      const wish = imagine('a fox');
      await wish.answered();
      const first = start(env, 'worker');
      await wish.reply(isPainted, 30_000);

      first.child.kill('SIGKILL');
      await first.exited;
      const orphaned = imagine('a house');
      await orphaned.answered();
      const second = start(env, 'worker');
      await orphaned.reply(isPainted, 40_000);

      second.child.kill('SIGTERM');
      expect(await second.exited).toBe(0);
      bot.child.kill('SIGTERM');
      expect(await bot.exited).toBe(0);
      expect(counts()).toMatchObject({ completed: 2, failed: 0 });
    } finally {
      await redis.stop();
    }
  });

  it('needs REDIS_URL', async () => {
    const worker = start({}, 'worker');
    expect(await worker.exited).toBe(2);
    expect(worker.output.stderr).toContain('REDIS_URL');
  });
});
