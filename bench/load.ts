/**
 * The real bot under load: 200 members of 20 servers send 50 commands a second for a minute.
 *
 * The bot is a process of its own (`tessera start` with a token), its worker another; this process is Discord (the
 * playground's server) and the members. Everything stays on the loopback interface, and stops by itself.
 *
 *   npm run bench:load -- [--seconds 60] [--rate 50] [--bundle test/fixtures/tiny-bundle] [--json]
 *       [--profile DIR]   also writes a CPU profile of the bot, which slows it a little
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { InteractionTrace } from '@tessera/playground';
import { type PlaygroundServer, startPlayground } from '@tessera/playground';

const SERVERS = 20;
const MEMBERS_PER_SERVER = 10;
const HEARTBEAT_INTERVAL_MS = 5_000;
/** How long the bot may take to paint what is left after the last command. */
const DRAIN_LIMIT_MS = 10 * 60_000;
/** Warnings of the bot that are repeated here. */
const MAX_COMPLAINTS = 5;
const WARM_UPS = 10;
const DEFERRED = 5;
const WORDS = ['a happy fox', 'two red apples', 'a rocket over the sea', 'ein müder Hund', 'a castle at night'];

interface Bot {
  /** Value of a metric of the bot's own /metrics; the sum where there are several. */
  readonly metric: (name: string) => Promise<number>;
  readonly stop: () => Promise<{ readonly exitCode: number | null; readonly tookMs: number }>;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '60' },
      rate: { type: 'string', default: '50' },
      bundle: { type: 'string', default: 'test/fixtures/tiny-bundle' },
      profile: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const [seconds, rate] = [Number(values.seconds), Number(values.rate)];
  const tell = (text: string) => process.stderr.write(`${text}\n`);
  const folder = mkdtempSync(join(tmpdir(), 'tessera-load-'));
  const playground = await startPlayground({ port: 0, limits: { heartbeatIntervalMs: HEARTBEAT_INTERVAL_MS } });
  try {
    const servers = Array.from({ length: SERVERS }, (_, index) =>
      playground.driver.addGuild(`server-${index}`, MEMBERS_PER_SERVER),
    );
    const environment = environmentOf(playground, folder, resolve(values.bundle));
    await runToEnd('register', environment);
    const profile = values.profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', values.profile];
    const bot = await startBot(environment, profile);
    await playground.driver.ready(30_000);

    await warmUp(playground);
    const memoryBefore = await bot.metric('process_resident_memory_bytes');
    const loadBefore = loadavg()[0] ?? 0;
    tell(`${rate} commands/s for ${seconds} s from ${SERVERS * MEMBERS_PER_SERVER} members in ${SERVERS} servers …`);
    const traces = await fire(playground, servers, { seconds, rate });
    await Promise.all(traces.map((trace) => trace.settled(10_000).catch(() => 'failed')));
    const loopP99Ms = (await bot.metric('nodejs_eventloop_lag_p99_seconds')) * 1_000;
    const accepted = traces.filter(
      ({ record }) => record.commandName === 'imagine' && record.answer?.type === DEFERRED,
    );
    const waiting = await bot.metric('tessera_queue_waiting');
    tell(`${accepted.length} jobs accepted, ${waiting} still wait: letting them be painted …`);
    const drainedFrom = performance.now();
    const isPainted = (trace: InteractionTrace) => (trace.current()?.attachments.length ?? 0) > 0;
    while (!accepted.every(isPainted) && performance.now() - drainedFrom < DRAIN_LIMIT_MS) {
      await sleep(250);
    }
    const memoryAfter = await bot.metric('process_resident_memory_bytes');
    const completed = (await bot.metric('tessera_jobs{status="completed"}')) - WARM_UPS;
    const stopped = await bot.stop();

    const latencies = traces.flatMap(({ record }) => (record.answer === null ? [] : [record.answer.afterMs]));
    const { beats, latenessMs } = playground.driver.heartbeats();
    const report = {
      commands: traces.length,
      loadBefore,
      acknowledgement: {
        p50Ms: quantile(latencies, 0.5),
        p99Ms: quantile(latencies, 0.99),
        maxMs: quantile(latencies, 1),
      },
      unanswered: traces.length - latencies.length,
      heartbeats: { beats, intervalMs: HEARTBEAT_INTERVAL_MS, worstLatenessMs: quantile(latenessMs, 1) },
      botEventLoopP99Ms: loopP99Ms,
      botMemory: { beforeMiB: memoryBefore / 2 ** 20, afterMiB: memoryAfter / 2 ** 20 },
      jobs: {
        accepted: accepted.length,
        refusedWithAnAnswer: traces.filter(({ record }) => record.commandName === 'imagine').length - accepted.length,
        completedInStore: completed,
        delivered: accepted.filter(isPainted).length,
        lost: accepted.length - accepted.filter(isPainted).length,
        drainedInMs: performance.now() - drainedFrom,
      },
      shutdown: stopped,
    };
    process.stdout.write(`${JSON.stringify(report, rounded, values.json ? 0 : 2)}\n`);
    process.exitCode = report.jobs.lost === 0 && report.unanswered === 0 ? 0 : 1;
  } finally {
    await playground.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A few of each command, one after another: the first ones pay for loading and compiling code, once in a bot's life. */
async function warmUp({ driver }: PlaygroundServer): Promise<void> {
  for (let i = 0; i < WARM_UPS; i++) {
    await driver
      .slash('imagine', { prompt: `warm-up ${i}` })
      .reply((message) => message.attachments.length > 0, 30_000);
    for (const name of ['queue', 'info']) {
      await driver.slash(name).settled();
    }
  }
}

type Servers = readonly ReturnType<PlaygroundServer['driver']['addGuild']>[];

/** Sends at an even pace whatever the answers do: members do not wait for each other. */
async function fire(
  { driver }: PlaygroundServer,
  servers: Servers,
  { seconds, rate }: { readonly seconds: number; readonly rate: number },
): Promise<InteractionTrace[]> {
  const traces: InteractionTrace[] = [];
  const startedAt = performance.now();
  for (let i = 0; i < seconds * rate; i++) {
    const waitMs = startedAt + (i * 1_000) / rate - performance.now();
    if (waitMs > 1) {
      await sleep(waitMs);
    }
    const server = servers[i % servers.length];
    const member = server?.members[Math.floor(i / servers.length) % MEMBERS_PER_SERVER];
    if (server === undefined || member === undefined) {
      continue;
    }
    const where = { as: member, channel: server.channel };
    // Of ten commands six paint, two look at the queue, two ask about the bot.
    const kind = i % 10;
    if (kind < 6) {
      traces.push(driver.slash('imagine', { prompt: `${WORDS[i % WORDS.length]} ${i}` }, where));
    } else {
      traces.push(driver.slash(kind < 8 ? 'queue' : 'info', {}, where));
    }
  }
  return traces;
}

const cli = fileURLToPath(new URL('../src/cli/index.js', import.meta.url));

function environmentOf(playground: PlaygroundServer, folder: string, bundle: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    DISCORD_TOKEN: playground.botToken,
    DISCORD_API_URL: playground.apiUrl,
    DATABASE_PATH: join(folder, 'tessera.sqlite'),
    MODEL_BUNDLE: bundle,
    HTTP_PORT: '0',
  };
}

async function runToEnd(command: string, env: NodeJS.ProcessEnv): Promise<void> {
  const child = spawn(process.execPath, [cli, command], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = await once(child, 'exit');
  if (code !== 0) {
    throw new Error(`tessera ${command} ended with ${code}.`);
  }
}

async function startBot(env: NodeJS.ProcessEnv, nodeFlags: readonly string[]): Promise<Bot> {
  const child = spawn(process.execPath, [...nodeFlags, cli, 'start'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  process.once('exit', () => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stderr });
  let complaints = 0;
  const url = await new Promise<string>((found, failed) => {
    child.once('exit', (code) => failed(new Error(`The bot ended with ${code} before it was ready.`)));
    lines.on('line', (line) => {
      const health = /"healthUrl":"([^"]+)"/.exec(line)?.[1];
      if (health !== undefined) {
        found(health);
      }
      if (/"level":"(warn|error|fatal)"/.test(line) && ++complaints <= MAX_COMPLAINTS) {
        process.stderr.write(`bot: ${line.slice(0, 300)}\n`);
      }
    });
  });
  return {
    metric: async (name) => {
      const text = await (await fetch(url.replace('/healthz', '/metrics'))).text();
      const values = text.split('\n').flatMap((line) => {
        const isIt = line.startsWith(`${name} `) || (!name.includes('{') && line.startsWith(`${name}{`));
        return isIt ? [Number(line.slice(line.lastIndexOf(' ') + 1))] : [];
      });
      return values.reduce((sum, value) => sum + value, 0);
    },
    stop: async () => {
      const startedAt = performance.now();
      child.kill('SIGTERM');
      const [exitCode] = (await once(child, 'exit')) as [number | null];
      return { exitCode, tookMs: performance.now() - startedAt };
    },
  };
}

function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}

function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value * 100) / 100 : value;
}

await main();
