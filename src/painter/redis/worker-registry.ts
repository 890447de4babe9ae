import type { Redis } from 'ioredis';
import { z } from 'zod';
import { InputError } from '../../domain/errors.js';
import type { BundleSummary } from '../painter.js';
import { bundleSummary } from '../wire.js';
import { decode, encode } from './codec.js';
import { redisNames } from './messages.js';

const registered = z.object({ slots: z.int(), bundle: z.string(), checksum: z.string() });

export interface LiveWorkers {
  readonly ids: ReadonlySet<string>;
  /** Jobs that all of them together can paint at once. */
  readonly slots: number;
}

/**
 * Who is there. A worker keeps a key alive that expires by itself, by Redis' own clock, soon after the worker is gone.
 */
export class WorkerRegistry {
  readonly #redis: Redis;
  readonly #names: ReturnType<typeof redisNames>;

  constructor(redis: Redis, prefix: string) {
    this.#redis = redis;
    this.#names = redisNames(prefix);
  }

  /**
   * Announces a worker, or keeps it announced for another `aliveMs`.
   * @throws InputError when living workers paint with another bundle: their numbers would not fit together
   */
  async announce(workerId: string, slots: number, summary: BundleSummary, aliveMs: number): Promise<void> {
    const { checksum } = summary;
    const bundle = `${summary.name} ${summary.version}`;
    for (const [id, other] of await this.#registered()) {
      if (id === workerId || other.checksum === checksum) {
        continue;
      }
      const received = other.bundle === bundle ? `other files of ${bundle}` : bundle;
      throw new InputError(
        `Expected the bundle ${other.bundle}, which the other workers use, but received ${received}.`,
      );
    }
    await this.#redis
      .multi()
      .set(this.#names.worker(workerId), encode({ slots, bundle, checksum }), 'PX', aliveMs)
      .sadd(this.#names.workers, workerId)
      .set(this.#names.summary, encode(summary))
      .exec();
  }

  async withdraw(workerId: string): Promise<void> {
    await this.#redis.multi().del(this.#names.worker(workerId)).srem(this.#names.workers, workerId).exec();
  }

  async live(): Promise<LiveWorkers> {
    const workers = await this.#registered();
    return {
      ids: new Set(workers.keys()),
      slots: [...workers.values()].reduce((sum, worker) => sum + worker.slots, 0),
    };
  }

  /** Of the bundle that the workers use or used last; undefined before the first worker ever came. */
  async summary(): Promise<BundleSummary | undefined> {
    const text = await this.#redis.get(this.#names.summary);
    return text === null ? undefined : bundleSummary.parse(decode(text));
  }

  async #registered(): Promise<ReadonlyMap<string, z.infer<typeof registered>>> {
    const ids = await this.#redis.smembers(this.#names.workers);
    if (ids.length === 0) {
      return new Map();
    }
    const texts = await this.#redis.mget(ids.map((id) => this.#names.worker(id)));
    const gone = ids.filter((_, i) => typeof texts[i] !== 'string');
    if (gone.length > 0) {
      await this.#redis.srem(this.#names.workers, ...gone);
    }
    return new Map(
      ids.flatMap((id, i) => {
        const text = texts[i];
        return typeof text === 'string' ? [[id, registered.parse(decode(text))] as const] : [];
      }),
    );
  }
}
