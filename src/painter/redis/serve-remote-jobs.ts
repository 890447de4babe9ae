import { Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { InputError } from '../../domain/errors.js';
import type { Painter } from '../painter.js';
import { defaultPrefix, newRemoteId, redisNames } from './messages.js';
import { openRedis } from './open-redis.js';
import { RemoteCalls } from './remote-calls.js';
import { WorkerRegistry } from './worker-registry.js';

export interface RemoteServerOptions {
  /** `redis://…` or `rediss://…`; the connection itself is made here. */
  readonly redisUrl: string;
  /** Jobs this machine paints at once: its number of painting processes. */
  readonly slots: number;
  /** Common beginning of all keys; must be the same as the bot's. Default `tessera`. */
  readonly prefix?: string;
  /** A worker that is silent for so long is given up by the bot. Default 10,000 ms. */
  readonly aliveMs?: number;
  /** Told when the other workers have another bundle by now: this one takes nothing any more and should be closed. */
  readonly onRefused?: (error: InputError) => void;
  /** Is told of lost connections and the like. */
  readonly onError?: (error: Error) => void;
}

export interface RemoteServer {
  readonly workerId: string;
  /** Takes no more work, lets what is painted finish within `graceMs`, hands the rest back to the bot. */
  close(graceMs: number): Promise<void>;
}

/** Renders, descriptions and embeddings that one machine does beside its painting. */
const quickConcurrency = 4;

/**
 * `tessera worker`: takes calls from Redis and answers them with this machine's painter, until closed.
 * @throws InputError when other workers use another bundle
 * @throws TesseraError `redis_away`
 */
export async function serveRemoteJobs(painter: Painter, options: RemoteServerOptions): Promise<RemoteServer> {
  const { redisUrl, slots, prefix = defaultPrefix, aliveMs = 10_000, onError = () => undefined, onRefused } = options;
  const names = redisNames(prefix);
  const workerId = newRemoteId();
  const clients: Redis[] = [];
  const connect = async () => {
    const client = await openRedis(redisUrl, onError);
    clients.push(client);
    return client;
  };
  try {
    const [redis, cancellations, queueConnection] = [await connect(), await connect(), await connect()];
    const registry = new WorkerRegistry(redis, prefix);
    const summary = await painter.summary();
    const bundle = summary.checksum;
    const calls = new RemoteCalls({ painter, redis, bundle, names, leaseMs: aliveMs, onError });
    cancellations.on('message', (_, callId) => calls.cancel(callId));
    await cancellations.subscribe(names.cancel);
    await registry.announce(workerId, slots, summary, aliveMs);
    const beat = async () => {
      try {
        await calls.renewLeases();
        await registry.announce(workerId, slots, summary, aliveMs);
      } catch (error) {
        if (!(error instanceof InputError)) {
          throw error;
        }
        clearInterval(heartbeat);
        await Promise.all(workers.map((worker) => worker.pause(true)));
        calls.handBack();
        onRefused?.(error);
      }
    };
    const heartbeat = setInterval(() => void beat().catch(onError), aliveMs / 4);
    const take = (queueName: string, concurrency: number) =>
      new Worker(queueName, (job) => calls.work(job.data), {
        connection: queueConnection,
        prefix,
        concurrency,
        // A job whose worker died is not given to the next one behind the bot's back: the bot notices, counts the
        // attempt and decides.
        maxStalledCount: 0,
        removeOnComplete: { count: 0 },
        removeOnFail: { count: 0 },
      }).on('error', onError);
    const workers = [take(names.paintQueue(bundle), slots), take(names.quickQueue(bundle), quickConcurrency)];
    await Promise.all(workers.map((worker) => worker.waitUntilReady()));

    const close = async (graceMs: number) => {
      const graceOver = setTimeout(() => calls.handBack(), graceMs);
      await Promise.all(workers.map((worker) => worker.close()));
      clearTimeout(graceOver);
      clearInterval(heartbeat);
      await registry.withdraw(workerId);
      for (const client of clients) {
        client.disconnect();
      }
    };
    let closed: Promise<void> | undefined;
    return {
      workerId,
      close: (graceMs) => {
        closed ??= close(graceMs);
        return closed;
      },
    };
  } catch (error) {
    for (const client of clients) {
      client.disconnect();
    }
    throw error;
  }
}
