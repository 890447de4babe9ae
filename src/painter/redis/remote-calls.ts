import type { Redis } from 'ioredis';
import { AbortedError, WorkerLostError } from '../../domain/errors.js';
import type { Painter } from '../painter.js';
import { answerCall, painterCall, parseRequest, toWire } from '../wire.js';
import { decode, encode } from './codec.js';
import { type RemoteEvent, type redisNames, remoteJob } from './messages.js';

/** How long an outcome waits in Redis for the bot to fetch it. */
const outcomeSeconds = 60;

/** The calls that a worker is answering. */
export class RemoteCalls {
  readonly #painter: Painter;
  readonly #redis: Redis;
  readonly #bundle: string;
  readonly #names: ReturnType<typeof redisNames>;
  readonly #leaseMs: number;
  readonly #onError: (error: Error) => void;
  readonly #running = new Map<string, AbortController>();
  #isHandingBack = false;

  constructor(options: {
    readonly painter: Painter;
    readonly redis: Redis;
    /** Checksum of the painter's. */
    readonly bundle: string;
    readonly names: ReturnType<typeof redisNames>;
    /** How long a sign of life lasts; `renewLeases` has to be called more often. */
    readonly leaseMs: number;
    readonly onError: (error: Error) => void;
  }) {
    this.#painter = options.painter;
    this.#redis = options.redis;
    this.#bundle = options.bundle;
    this.#names = options.names;
    this.#leaseMs = options.leaseMs;
    this.#onError = options.onError;
  }

  /** Answers one call. What goes wrong with it is its outcome; rejects only when Redis cannot be told. */
  async work(data: unknown): Promise<void> {
    const { callId, asker, bundle, call } = remoteJob.parse(data);
    const tell = (event: RemoteEvent) => this.#redis.publish(this.#names.events(asker), encode(event));
    const controller = new AbortController();
    this.#running.set(callId, controller);
    try {
      await this.#renew(callId);
      if ((await this.#redis.exists(this.#names.cancelled(callId))) > 0) {
        throw new AbortedError();
      }
      if (bundle !== this.#bundle) {
        throw new WorkerLostError('The call is for another bundle.');
      }
      const value = await answerCall(this.#painter, parseRequest(painterCall, decode(call)), {
        signal: controller.signal,
        onProgress: (progress) => {
          tell({ type: 'progress', callId, progress }).catch(this.#onError);
        },
      });
      await this.#store(callId, { ok: true, value });
    } catch (cause) {
      // Aborted because this worker closes, not by the owner: somebody else shall paint it.
      const isHandedBack = this.#isHandingBack && cause instanceof AbortedError;
      const error = isHandedBack ? new WorkerLostError('The worker was shut down.') : cause;
      await this.#store(callId, { ok: false, error: toWire(error) });
    } finally {
      this.#running.delete(callId);
    }
    await this.#redis.del(this.#names.lease(callId));
    await tell({ type: 'ended', callId });
  }

  /** Says of every call that somebody is at it. */
  async renewLeases(): Promise<void> {
    await Promise.all(Array.from(this.#running.keys(), (callId) => this.#renew(callId)));
  }

  /** Cooperative; does nothing for a call that is not answered here. */
  cancel(callId: string): void {
    this.#running.get(callId)?.abort();
  }

  /** Aborts everything, and tells the bot to give it to somebody else. */
  handBack(): void {
    this.#isHandingBack = true;
    for (const controller of this.#running.values()) {
      controller.abort();
    }
  }

  async #renew(callId: string): Promise<void> {
    await this.#redis.set(this.#names.lease(callId), '1', 'PX', this.#leaseMs);
  }

  async #store(callId: string, end: unknown): Promise<void> {
    await this.#redis.set(this.#names.outcome(callId), encode(end), 'EX', outcomeSeconds);
  }
}
