import type { PlaygroundDriver, PlaygroundLimits } from '@tessera/playground';
import { controlsOf, type PlaygroundServer, type SeenMessage, startPlayground } from '@tessera/playground';
import { pino } from 'pino';
import { type Bot, type BotDeps, createBot } from '../../src/discord/bot.js';
import type { BotEvent } from '../../src/discord/kit/context.js';
import { registerCommands } from '../../src/discord/register.js';
import type { Job } from '../../src/domain/job.js';
import { FairJobQueue } from '../../src/queue/job-queue.js';
import type { JobQueue } from '../../src/queue/queue.js';
import { openStore } from '../../src/store/open-store.js';
import type { Store } from '../../src/store/store.js';
import { FakePainter } from './fake-painter.js';

export interface Stage {
  readonly server: PlaygroundServer;
  readonly driver: PlaygroundDriver;
  readonly store: Store;
  readonly painter: FakePainter;
  readonly events: BotEvent[];
  /** Lines of warnings and errors that the bot logged. */
  readonly logged: string[];
  /** Why Discord would not have the bot back. */
  readonly refusals: Error[];
  /** SQL statements that were run; a test empties it. */
  readonly statements: string[];
  /** Milliseconds that the bot's clock is ahead. */
  clockAheadMs: number;
  queue: JobQueue;
  bot: Bot;
  /** Ends the bot and queue as a process would, and starts them anew on the same store. */
  restart(options?: { readonly graceMs?: number; readonly whileDown?: () => void | Promise<void> }): Promise<void>;
  close(): Promise<void>;
}

export interface StageOptions {
  readonly limits?: Partial<PlaygroundLimits>;
  readonly times?: BotDeps['times'];
}

const FAST = { editIntervalMs: 60, firstEditAfterMs: 5, tickMs: 5, retryAfterMs: 20, maxRetryMs: 40 };

/** A playground, a store in memory, a painter without a model, and the real bot through the real discord.js. */
export async function openStage(options: StageOptions = {}): Promise<Stage> {
  // Three seconds are for a machine that is not busy with other things; how fast answers come is the benchmark's business.
  const server = await startPlayground({
    port: 0,
    limits: { enforceRateLimits: false, answerWithinMs: 20_000, ...options.limits },
  });
  const statements: string[] = [];
  const store = openStore({ path: ':memory:', onStatement: (source) => void statements.push(source) });
  const painter = new FakePainter();
  const logged: string[] = [];
  const logger = pino({ level: 'warn' }, { write: (line: string) => void logged.push(line) });
  const events: BotEvent[] = [];
  const refusals: Error[] = [];

  const build = () => {
    const queue: JobQueue = new FairJobQueue({
      store,
      painter,
      slots: 1,
      limits: { maxWaiting: 50 },
      previewEverySteps: 8,
      retryDelayMs: 5,
      logger,
    });
    const bot = createBot({
      token: server.botToken,
      apiUrl: server.apiUrl,
      queue,
      store,
      painter,
      logger,
      version: '9.9.9',
      clock: () => Date.now() + stage.clockAheadMs,
      onEvent: (event) => void events.push(event),
      onRefused: (error) => void refusals.push(error),
      times: { ...FAST, ...options.times },
    });
    return { queue, bot };
  };
  const stage: Stage = {
    server,
    driver: server.driver,
    store,
    painter,
    events,
    logged,
    statements,
    refusals,
    clockAheadMs: 0,
    ...({} as Pick<Stage, 'queue' | 'bot'>),
    async restart({ graceMs = 50, whileDown } = {}) {
      await stage.bot.stop(graceMs);
      await whileDown?.();
      Object.assign(stage, build());
      await stage.bot.start();
      await stage.queue.start();
    },
    async close() {
      await stage.bot.stop(200);
      store.close();
      await server.close();
    },
  };
  Object.assign(stage, build());
  await registerCommands({ token: server.botToken, apiUrl: server.apiUrl });
  await stage.bot.start();
  await stage.queue.start();
  return stage;
}

/** A gate that holds painting until it is opened. */
export function gate(painter: FakePainter): () => void {
  let open = () => {};
  painter.gate = new Promise((resolve) => {
    open = () => {
      painter.gate = undefined;
      resolve();
    };
  });
  return () => open();
}

/**
 * Resolves once everything that was asked for before has been done and shown: the gateway keeps the order of events, so
 * an answer to a question that comes last says that all others were heard.
 */
export async function settled(stage: Stage): Promise<void> {
  await stage.driver.slash('help').reply();
  if (stage.painter.gate === undefined) {
    await stage.queue.idle();
  }
  await stage.bot.idle();
}

/** Resolves once something is so that no message tells; a loaded machine may take its time. */
export async function eventually(isSo: () => boolean, what: string, timeoutMs = 15_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!isSo()) {
    if (Date.now() > end) {
      throw new Error(`Waited in vain until ${what}.`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export const isFinished = (message: SeenMessage) =>
  message.attachments.some(({ filename }) => filename.startsWith('tessera-')) && controlsOf(message).length > 0;

/** The job whose controls a message has. */
export function jobUnder(stage: Stage, message: SeenMessage): Job {
  const id = controlsOf(message)
    .map((control) => /^t1:\w+:(\w{12})/.exec(control.custom_id ?? '')?.[1])
    .find((found) => found !== undefined);
  const job = stage.store.jobs.get(id ?? '');
  if (job === undefined) {
    throw new Error('the message shows no job');
  }
  return job;
}

/** `/imagine`, until the pictures are there. */
export async function imagine(
  stage: Stage,
  prompt: string,
  where: Parameters<PlaygroundDriver['slash']>[2] & { readonly options?: Record<string, string | number> } = {},
): Promise<{ message: SeenMessage; job: Job }> {
  const { options, ...rest } = where;
  const message = await stage.driver.slash('imagine', { prompt, ...options }, rest).reply(isFinished);
  return { message, job: jobUnder(stage, message) };
}
