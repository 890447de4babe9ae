/** Composition root: config → store → painter → queue → bot, and the orderly end of all of them. */

import type { Config } from './config.js';
import { type Bot, createBot } from './discord/bot.js';
import { checkToken } from './discord/check-token.js';
import { registerCommands } from './discord/register.js';
import { TesseraError } from './domain/errors.js';
import { healthHandler, type RequestHandler, startHealthServer } from './health/health-server.js';
import { Metrics } from './health/metrics.js';
import type { HealthSources } from './health/sources.js';
import type { Logger } from './logger.js';
import type { Painter } from './painter/painter.js';
import { logWorkerEvent } from './painter/process/log-event.js';
import { ProcessPool } from './painter/process/pool.js';
import type { RemotePainter } from './painter/redis/remote-painter.js';
import { FairJobQueue } from './queue/job-queue.js';
import { lockDatabase } from './store/lock.js';
import { openStore } from './store/open-store.js';

export interface TesseraOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly version: string;
  /** Told when it cannot go on and has to be stopped: Discord refuses the bot. */
  readonly onFatal?: (error: Error) => void;
  /** Script of the painting process; for tests. */
  readonly workerEntry?: URL;
}

export interface Tessera {
  /** The page of the local Discord, where there is no token. */
  readonly playgroundUrl: string | null;
  readonly healthUrl: string;
  /** Stops taking work, lets painting jobs finish for a while, re-queues the rest, tells members, closes everything. */
  stop(): Promise<void>;
}

/** Of the ten seconds that a shutdown may take: for the queue and the members' messages. The rest closes processes. */
const STOP_GRACE_MS = 7_000;
const WORKER_CLOSE_LIMIT_MS = 1_500;
/** Half-drawn pictures for whoever waits: one in the middle of the default bundle, several with larger ones. */
const PREVIEW_EVERY_STEPS = 32;

/**
 * Starts everything and resolves when members can use it. Whatever was started is closed again when a later part fails.
 * @throws BundleError, StoreError, TesseraError `port_taken` or `database_in_use`, and discord.js's errors for a wrong token
 */
export async function startTessera(options: TesseraOptions): Promise<Tessera> {
  // Closed in reverse order: what was built last depends on what was built first.
  const closers: Closers = [];
  const closeAll = async () => {
    for (const close of closers.splice(0).reverse()) {
      try {
        await close();
      } catch (error) {
        options.logger.error({ err: error }, 'something could not be closed');
      }
    }
  };
  try {
    const urls = await compose(options, closers);
    return { ...urls, stop: closeAll };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

type Closers = (() => void | Promise<void>)[];

async function compose({ config, logger, version, onFatal, workerEntry }: TesseraOptions, closers: Closers) {
  const lock = lockDatabase(config.databasePath);
  closers.push(() => lock.release());
  const store = openStore({ path: config.databasePath, onDamaged: (message) => logger.error(message) });
  closers.push(() => store.close());

  // Health is asked from the first moment on; what is not there yet is undefined.
  let bot: Bot | undefined;
  let queue: FairJobQueue | undefined;
  let workers: ProcessPool | undefined;
  let remote: RemotePainter | undefined;
  const sources: HealthSources = {
    workers: () => workers?.status() ?? [],
    remote: () => remote && { slots: remote.slots, isReachable: remote.isReachable },
    gateway: () => bot && { isReady: bot.isReady, pingMs: bot.pingMs < 0 ? null : bot.pingMs },
    queue: () => queue,
    isDatabaseWritable: () => store.isWritable(),
    jobCounts: () => store.jobs.counts(),
  };
  const metrics = new Metrics(sources);
  const endpoint = await openEndpoint(config, healthHandler(sources, metrics));
  closers.push(() => endpoint.close());
  const healthUrl = `http://127.0.0.1:${endpoint.port}/healthz`;
  logger.info({ healthUrl, playgroundUrl: endpoint.pageUrl }, 'listening');

  let slots = config.workers;
  let painter: Painter;
  if (config.redisUrl === null) {
    workers = await openWorkers(config, logger, workerEntry);
    painter = workers;
  } else {
    remote = await openRemote(config.redisUrl, logger, (count) => queue?.setSlots(count));
    slots = remote.slots;
    painter = remote;
  }
  closers.push(() => painter.close());
  queue = new FairJobQueue({ store, painter, slots, previewEverySteps: PREVIEW_EVERY_STEPS, logger });
  metrics.watch(queue);
  bot = createBot({
    token: endpoint.token,
    apiUrl: endpoint.apiUrl,
    queue,
    store,
    painter,
    logger,
    version,
    ...(onFatal === undefined ? {} : { onRefused: onFatal }),
    onEvent: (event) => {
      if (event.kind === 'acknowledged') {
        metrics.observeAcknowledgement(event.ms);
      }
    },
  });
  const { stop, start } = bot;
  closers.push(() => stop(STOP_GRACE_MS));
  await start();
  await queue.start();
  return { playgroundUrl: endpoint.pageUrl, healthUrl };
}

function openWorkers(config: Config, logger: Logger, entry: URL | undefined): Promise<ProcessPool> {
  return ProcessPool.start({
    count: config.workers,
    bundleDir: config.modelBundle,
    provider: config.executionProvider,
    threads: config.threadsPerWorker,
    closeLimitMs: WORKER_CLOSE_LIMIT_MS,
    ...(entry === undefined ? {} : { entry }),
    onEvent: (event, index) => logWorkerEvent(logger, event, index),
  });
}

/** `tessera worker` on other machines paints; only here is the code for Redis loaded. */
async function openRemote(redisUrl: string, logger: Logger, onSlots: (count: number) => void): Promise<RemotePainter> {
  const { RemotePainter } = await import('./painter/redis/remote-painter.js');
  return RemotePainter.connect({
    redisUrl,
    onSlots: (slots) => {
      logger.info({ slots }, 'remote workers came or went');
      onSlots(slots);
    },
    onError: (error) => logger.warn({ err: error }, 'Redis'),
  });
}

/** Where members are: Discord itself, or the local one that stands in for it. */
interface DiscordEndpoint {
  readonly token: string;
  readonly apiUrl: string;
  readonly port: number;
  readonly pageUrl: string | null;
  close(): Promise<void>;
}

async function openEndpoint(config: Config, pages: RequestHandler): Promise<DiscordEndpoint> {
  try {
    if (config.discordToken === null) {
      return await openPlayground(config.httpPort, pages);
    }
    await checkToken(config.discordToken, config.discordApiUrl);
    const server = await startHealthServer({ port: config.httpPort, handler: pages });
    return {
      token: config.discordToken,
      apiUrl: config.discordApiUrl,
      port: server.port,
      pageUrl: null,
      close: () => server.close(),
    };
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) {
      throw error;
    }
    const message = `Port ${config.httpPort} of 127.0.0.1 is taken: set HTTP_PORT to another one, or to 0 for any.`;
    throw new TesseraError('port_taken', message, { cause: error });
  }
}

/** Only here is the playground's code loaded: the live bot needs none of it. */
async function openPlayground(port: number, pages: RequestHandler): Promise<DiscordEndpoint> {
  const { startPlayground } = await import('@tessera/playground');
  const playground = await startPlayground({ port, otherPages: pages });
  const { botToken: token, apiUrl, pageUrl } = playground;
  await registerCommands({ token, apiUrl });
  return { token, apiUrl, pageUrl, port: playground.port, close: () => playground.close() };
}
