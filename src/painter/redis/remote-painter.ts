import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { AbortedError, TesseraError, WorkerLostError } from '../../domain/errors.js';
import { PainterCaller } from '../caller.js';
import type { BundleSummary, PaintOptions, PaintProgress } from '../painter.js';
import { fromWire, type PainterCall } from '../wire.js';
import { decode, encode } from './codec.js';
import {
  defaultPrefix,
  newRemoteId,
  outcome,
  type RemoteEvent,
  type RemoteJob,
  redisNames,
  remoteEvent,
} from './messages.js';
import { openRedis } from './open-redis.js';
import { WorkerRegistry } from './worker-registry.js';

export interface RemotePainterOptions {
  /** `redis://…` or `rediss://…` */
  readonly redisUrl: string;
  /** Called with the number of jobs that all living workers can paint at once, now and whenever it changes. */
  readonly onSlots?: (slots: number) => void;
  /** Common beginning of all keys; must be the same as the workers'. Default `tessera`. */
  readonly prefix?: string;
  /** How often it looks which workers live. Default 1,000 ms. */
  readonly pollMs?: number;
  /** Is told of lost connections and the like. */
  readonly onError?: (error: Error) => void;
}

const ignore = () => undefined;
/** A call that so many looks in a row found nobody at, and nobody to wait for, is lost. */
const MAX_MISSED_LOOKS = 3;
/** States of a job that nobody has taken yet. */
const WAITING: ReadonlySet<string> = new Set(['waiting', 'prioritized', 'delayed', 'waiting-children']);
/** Without an answer for this long Redis cannot be reached, whatever the connection says. */
const REACHABLE_MS = 5000;

/** No worker is there to do what was asked; one may come. */
class NoWorkerError extends TesseraError {
  constructor() {
    super('no_worker', 'No painting worker is connected.', { retryable: true });
  }
}

interface Pending {
  readonly onProgress: ((progress: PaintProgress) => void) | undefined;
  readonly settle: (end: { readonly value: unknown } | { readonly error: Error }) => void;
  readonly queue: Queue;
  /** Looks in a row that found nobody at it. */
  missedLooks: number;
}

/**
 * A painter whose work is done by `tessera worker` processes on other machines. Redis only carries calls and answers: the
 * fair order stays with the bot's queue, which gives out no more jobs than there are living slots, and SQLite stays the
 * truth. A worker that dies in the middle is a WorkerLostError, which the queue answers with another attempt.
 */
export class RemotePainter extends PainterCaller {
  readonly #redis: Redis;
  readonly #events: Redis;
  readonly #queueConnection: Redis;
  /** By name: each bundle has its own. */
  readonly #queues = new Map<string, Queue>();
  readonly #registry: WorkerRegistry;
  readonly #names: ReturnType<typeof redisNames>;
  readonly #options: RemotePainterOptions;
  readonly #asker = newRemoteId();
  readonly #pending = new Map<string, Pending>();
  #slots = 0;
  /** By the process's own clock. */
  #lookedAt = Number.NEGATIVE_INFINITY;
  #poll: NodeJS.Timeout | undefined;
  #isClosed = false;

  private constructor(options: RemotePainterOptions, redis: Redis, events: Redis, queueConnection: Redis) {
    super();
    const { prefix = defaultPrefix } = options;
    this.#options = options;
    this.#names = redisNames(prefix);
    this.#redis = redis;
    this.#events = events;
    this.#queueConnection = queueConnection;
    this.#registry = new WorkerRegistry(this.#redis, prefix);
  }

  /**
   * Resolves once the workers have been counted; that there are none is fine.
   * @throws TesseraError `redis_away`
   */
  static async connect(options: RemotePainterOptions): Promise<RemotePainter> {
    const connect = () => openRedis(options.redisUrl, options.onError ?? ignore);
    const redis = await connect();
    const painter = new RemotePainter(options, redis, await connect(), await connect());
    painter.#events.on('message', (_, text) => painter.#heard(text));
    await painter.#events.subscribe(painter.#names.events(painter.#asker));
    await painter.#look();
    painter.#lookAgain();
    return painter;
  }

  /** Jobs that all living workers together can paint at once. */
  get slots(): number {
    return this.#slots;
  }

  /** Whether Redis has answered lately. */
  get isReachable(): boolean {
    return performance.now() - this.#lookedAt < REACHABLE_MS + (this.#options.pollMs ?? 1000);
  }

  /** Known as soon as a worker was ever there, also while none is. */
  async summary(): Promise<BundleSummary> {
    const summary = await this.#registry.summary();
    if (summary === undefined) {
      throw new NoWorkerError();
    }
    return summary;
  }

  /** Gives up what is pending. The workers stay. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#poll);
    for (const pending of this.#pending.values()) {
      pending.settle({ error: new WorkerLostError('The connection to the workers was closed.') });
    }
    await Promise.all(Array.from(this.#queues.values(), (queue) => queue.close()));
    for (const client of [this.#redis, this.#events, this.#queueConnection]) {
      client.disconnect();
    }
  }

  override async call(call: PainterCall, { signal, onProgress }: PaintOptions): Promise<unknown> {
    throwIfAborted(signal);
    if (this.#isClosed || this.#slots === 0) {
      throw new NoWorkerError();
    }
    const callId = newRemoteId();
    const { checksum: bundle } = await this.summary();
    throwIfAborted(signal);
    const queue = this.#queue(
      call.method === 'paint' ? this.#names.paintQueue(bundle) : this.#names.quickQueue(bundle),
    );
    const ended = new Promise<unknown>((resolve, reject) => {
      const settle: Pending['settle'] = (end) => {
        this.#pending.delete(callId);
        if ('error' in end) {
          reject(end.error);
        } else {
          resolve(end.value);
        }
      };
      this.#pending.set(callId, { onProgress, settle, queue, missedLooks: 0 });
    });
    const cancel = () => {
      this.#cancel(callId, queue).catch((error: Error) => this.#options.onError?.(error));
    };
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      const job: RemoteJob = { callId, asker: this.#asker, bundle, call: encode(call) };
      const added = queue
        .add(call.method, job, { jobId: callId, removeOnComplete: true, removeOnFail: true })
        .catch((cause: unknown) => {
          // Full, read-only, loading: its state, not the call, and it may pass.
          throw new TesseraError('redis_refused', 'Redis did not take the call.', { cause, retryable: true });
        });
      // `ended` may reject first (closed meanwhile), and must not go unheard while this waits.
      const [value] = await Promise.all([ended, added]);
      throwIfAborted(signal);
      return value;
    } finally {
      this.#pending.delete(callId);
      signal?.removeEventListener('abort', cancel);
    }
  }

  /** Cooperative: the call ends when the worker has let go, or at once where none had taken it yet. */
  async #cancel(callId: string, queue: Queue): Promise<void> {
    await this.#callOff(callId);
    // 1: it was still waiting. A taken one is locked by its worker, who was told.
    const isRemoved = await queue.remove(callId).catch(() => 0);
    if (isRemoved === 1) {
      this.#pending.get(callId)?.settle({ error: new AbortedError() });
    }
  }

  /** Tells whoever is at a call, and whoever takes it later, that nobody wants it any more. */
  async #callOff(callId: string): Promise<void> {
    await this.#redis.set(this.#names.cancelled(callId), '1', 'EX', 3600);
    await this.#redis.publish(this.#names.cancel, callId);
  }

  /** Anybody may publish on the channel: what is not understood is told and left. */
  #heard(text: string): void {
    let event: RemoteEvent;
    try {
      event = remoteEvent.parse(decode(text));
    } catch (error) {
      this.#options.onError?.(
        new TesseraError('bad_event', 'An event from Redis was not understood.', { cause: error }),
      );
      return;
    }
    const pending = this.#pending.get(event.callId);
    if (pending === undefined) {
      return;
    }
    if (event.type === 'progress') {
      pending.onProgress?.(event.progress);
    } else {
      this.#fetch(event.callId).catch((error: Error) => this.#options.onError?.(error));
    }
  }

  /** Settles a call whose outcome lies in Redis. */
  async #fetch(callId: string): Promise<void> {
    const text = await this.#redis.getdel(this.#names.outcome(callId));
    const pending = this.#pending.get(callId);
    if (text === null || pending === undefined) {
      return;
    }
    const end = outcome.parse(decode(text));
    pending.settle(end.ok ? { value: end.value } : { error: fromWire(end.error) });
  }

  #lookAgain(): void {
    this.#poll = setTimeout(async () => {
      await this.#look().catch((error: Error) => this.#options.onError?.(error));
      if (!this.#isClosed) {
        this.#lookAgain();
      }
    }, this.#options.pollMs ?? 1000);
  }

  /** Counts the living, and ends the calls that nobody is at. */
  async #look(): Promise<void> {
    const asked = [...this.#pending];
    const live = await this.#registry.live();
    this.#lookedAt = performance.now();
    if (live.slots !== this.#slots) {
      this.#slots = live.slots;
      this.#options.onSlots?.(live.slots);
    }
    for (const [callId, pending] of asked) {
      const isOnItsWay = await this.#isOnItsWay(callId, pending.queue, live.slots);
      // An event may have been missed while the connection was away: the outcome is there all the same.
      await this.#fetch(callId);
      pending.missedLooks = isOnItsWay ? 0 : pending.missedLooks + 1;
      if (pending.missedLooks < MAX_MISSED_LOOKS || !this.#pending.has(callId)) {
        continue;
      }
      // Should somebody be at it after all, it stops painting what nobody waits for.
      await this.#callOff(callId);
      pending.settle({ error: new WorkerLostError('The remote worker, or the call to it, was lost.') });
    }
  }

  /** A worker is at it, or it waits for one that lives. Redis itself may have forgotten it. */
  async #isOnItsWay(callId: string, queue: Queue, slots: number): Promise<boolean> {
    if ((await this.#redis.exists(this.#names.lease(callId))) > 0) {
      return true;
    }
    return slots > 0 && WAITING.has(await queue.getJobState(callId));
  }

  #queue(name: string): Queue {
    const known = this.#queues.get(name);
    if (known !== undefined) {
      return known;
    }
    const { prefix = defaultPrefix } = this.#options;
    const queue = new Queue(name, { connection: this.#queueConnection, prefix });
    queue.on('error', (error) => this.#options.onError?.(error));
    this.#queues.set(name, queue);
    return queue;
  }
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) {
    throw new AbortedError();
  }
}
