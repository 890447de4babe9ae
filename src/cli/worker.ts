import { loadConfig } from '../config.js';
import { InputError } from '../domain/errors.js';
import { createLogger } from '../logger.js';
import type { Command } from './command.js';
import { noArguments, parseFlags } from './flags.js';
import { runService, type Service } from './service.js';

/** Of the ten seconds that a shutdown may take: for what is being painted. */
const GRACE_MS = 7_000;
const CLOSE_LIMIT_MS = 1_500;

export const worker: Command = {
  name: 'worker',
  summary: 'paint on this machine for a bot on another one',
  help: `Usage: tessera worker

Takes jobs from the Redis at REDIS_URL and paints them with MODEL_BUNDLE, EXECUTION_PROVIDER, WORKERS and
THREADS_PER_WORKER of this machine. Start as many as you like, before or after the bot, which needs the same REDIS_URL;
all of them need the same bundle. SIGTERM and Ctrl+C stop it within 10 seconds; what is not painted by then goes back to
the bot's queue.`,
  async run(args, terminal) {
    noArguments(parseFlags(args, {}).positionals);
    const config = loadConfig({ cwd: terminal.cwd });
    const { redisUrl } = config;
    if (redisUrl === null) {
      throw new InputError('Expected REDIS_URL to be set: where the bot puts its jobs, such as redis://10.0.0.2:6379.');
    }
    const logger = createLogger(config.logLevel);
    const { ProcessPool } = await import('../painter/process/pool.js');
    const { logWorkerEvent } = await import('../painter/process/log-event.js');
    const { serveRemoteJobs } = await import('../painter/redis/serve-remote-jobs.js');
    const start = async (fail: (error: Error) => void): Promise<Service> => {
      const pool = await ProcessPool.start({
        count: config.workers,
        bundleDir: config.modelBundle,
        provider: config.executionProvider,
        threads: config.threadsPerWorker,
        closeLimitMs: CLOSE_LIMIT_MS,
        onEvent: (event, index) => logWorkerEvent(logger, event, index),
      });
      try {
        const server = await serveRemoteJobs(pool, {
          redisUrl,
          slots: config.workers,
          onRefused: fail,
          onError: (error) => logger.warn({ err: error }, 'Redis'),
        });
        logger.info({ workerId: server.workerId, slots: config.workers }, 'waiting for jobs');
        return { stop: () => server.close(GRACE_MS).finally(() => pool.close()) };
      } catch (error) {
        await pool.close();
        throw error;
      }
    };
    return runService({ start, logger });
  },
};
