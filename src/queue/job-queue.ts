import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import PQueue from 'p-queue';
import { isPassing, WorkerLostError } from '../domain/errors.js';
import type { Job, NewJob } from '../domain/job.js';
import type { Logger } from '../logger.js';
import type { Painter } from '../painter/painter.js';
import type { Store } from '../store/store.js';
import { QueueFullError, QueueStoppedError } from './errors.js';
import { PaintDurations } from './eta.js';
import { FairScheduler } from './fair-scheduler.js';
import { JobOutcomes } from './job-outcomes.js';
import { JobRun, type RunOutcome } from './job-run.js';
import type { JobQueue, QueueEvents, QueueLimits, QueuePlace } from './queue.js';
import { QueueEmitter } from './queue-events.js';
import { QueuePlaces } from './queue-places.js';

export interface FairJobQueueOptions {
  readonly store: Pick<Store, 'jobs' | 'settings'>;
  readonly painter: Pick<Painter, 'paint' | 'summary'>;
  /** Jobs painted at once: the number of painting processes. 0 waits until `setSlots`. */
  readonly slots: number;
  /** Default: 1,000 waiting, 2 retries. */
  readonly limits?: Partial<QueueLimits>;
  /** Pause of the slot before a job is tried again, doubled with each attempt up to 30 s. Default 1,000 ms. */
  readonly retryDelayMs?: number;
  /** Transformer steps between previews; 0 turns them off. Default 0. */
  readonly previewEverySteps?: number;
  /** How long `stop` waits for aborted jobs to let go before it re-queues them regardless. Default 2,000 ms. */
  readonly abortWaitMs?: number;
  /** Milliseconds since 1970. Default `Date.now`. */
  readonly clock?: () => number;
  /** Is told what listeners throw and what the database refuses. Default: a process warning. */
  readonly logger?: Pick<Logger, 'error'>;
}

/** Pauses before a new job is written again, together well within the three seconds that Discord waits. */
const INSERT_WAITS_MS = [50, 100, 200, 400, 800] as const;
const MAX_SETTLE_WAIT_MS = 5000;

type Weights = { readonly guild: number; readonly member: number };

/**
 * The queue: the store holds the truth, the fair scheduler says whose turn it is, p-queue counts the slots. p-queue gets
 * a ticket for each waiting job; a ticket that gets a slot takes the job whose turn it is *then*. A slot is free only
 * when the painter has really let go (cancelling is cooperative; p-queue's own timeout would free it too early).
 */
export class FairJobQueue implements JobQueue {
  readonly #options: FairJobQueueOptions;
  readonly #limits: QueueLimits;
  readonly #clock: () => number;
  readonly #scheduler = new FairScheduler();
  readonly #slots: PQueue;
  readonly #running = new Map<string, JobRun>();
  readonly #durations: PaintDurations;
  readonly #places: QueuePlaces;
  readonly #events: QueueEmitter;
  readonly #outcomes: JobOutcomes;
  readonly #stopping = new AbortController();
  readonly #knownGuilds = new Set<string>();
  #slotCount: number;
  #sequence = 0;
  #isStarted = false;
  #stopped: Promise<void> | undefined;

  constructor(options: FairJobQueueOptions) {
    this.#options = options;
    this.#limits = { maxWaiting: 1000, maxRetries: 2, ...options.limits };
    this.#clock = options.clock ?? Date.now;
    this.#slotCount = options.slots;
    this.#slots = new PQueue({ concurrency: Math.max(options.slots, 1), autoStart: false });
    this.#durations = new PaintDurations(options.store.jobs.recentPaintMs(32));
    this.#events = new QueueEmitter((error) => this.#report(error, 'a listener of the queue failed'));
    this.#outcomes = new JobOutcomes({
      jobs: options.store.jobs,
      scheduler: this.#scheduler,
      durations: this.#durations,
      events: this.#events,
      maxRetries: this.#limits.maxRetries,
      retryDelayMs: options.retryDelayMs ?? 1000,
      report: (error, message) => this.#report(error, message),
    });
    this.#places = new QueuePlaces({
      scheduler: this.#scheduler,
      durations: this.#durations,
      running: () => Array.from(this.#running.values(), (run) => run.times),
      slotCount: () => this.#slotCount,
      clock: this.#clock,
    });
  }

  get waitingCount(): number {
    return this.#scheduler.size;
  }

  get activeCount(): number {
    return this.#running.size;
  }

  /** @throws QueueFullError, QueueStoppedError; the row is not written then */
  async add(newJob: NewJob, weights: Weights = { guild: 1, member: 1 }): ReturnType<JobQueue['add']> {
    const { jobs } = this.#options.store;
    const refusal = this.#refusal();
    if (refusal !== undefined) {
      const first = jobs.getByInteraction(newJob.origin.interactionId);
      if (first === undefined) {
        throw refusal;
      }
      return { job: first, isNew: false };
    }
    const added = await this.#insert(newJob);
    if (added.isNew) {
      this.#enqueue(added.job, weights);
    }
    return added;
  }

  async cancel(jobId: string): Promise<boolean> {
    const { jobs } = this.#options.store;
    const run = this.#running.get(jobId);
    if (run !== undefined) {
      run.cancel();
      await run.released;
      return jobs.get(jobId)?.status === 'cancelled';
    }
    const job = jobs.cancel(jobId);
    if (this.#scheduler.remove(jobId)) {
      this.#moved();
    }
    if (job !== undefined) {
      this.#events.emit('cancelled', job);
    }
    return job !== undefined;
  }

  place(jobId: string): QueuePlace | undefined {
    const run = this.#running.get(jobId);
    return run === undefined ? this.#places.ofWaiting(jobId) : this.#places.ofRunning(run.times);
  }

  snapshot(): ReturnType<JobQueue['snapshot']> {
    const running = Array.from(this.#running.values(), (run) => run.entry);
    return [...running, ...this.#places.order()].flatMap(({ id, groupKey, memberKey }) => {
      const place = this.place(id);
      const guildId = groupKey === groupKeyOf(null, memberKey) ? null : groupKey;
      return place === undefined ? [] : { jobId: id, guildId, userId: memberKey, place };
    });
  }

  waitingCountOf(guildId: string | null, userId: string): number {
    return this.#scheduler.countOf(groupKeyOf(guildId, userId), userId);
  }

  setPaused(guildId: string, paused: boolean): void {
    this.#knownGuilds.add(guildId);
    if (this.#scheduler.isHeld(guildId) === paused) {
      return;
    }
    this.#scheduler.setHeld(guildId, paused);
    this.#moved();
    // The tickets of held jobs found nothing to do and are gone.
    if (!paused) {
      for (let i = 0; i < this.waitingCount; i += 1) {
        this.#addTicket();
      }
    }
  }

  async idle(): Promise<void> {
    if (this.#slots.isPaused) {
      await Promise.all(Array.from(this.#running.values(), (run) => run.released));
    } else {
      await this.#slots.onIdle();
    }
  }

  /** Follows the number of painting processes or remote machines; 0 lets everything wait. Running jobs go on. */
  setSlots(slotCount: number): void {
    this.#slotCount = slotCount;
    this.#slots.concurrency = Math.max(slotCount, 1);
    this.#startOrPause();
    this.#moved();
  }

  /** Attach listeners before: a job that has used up its attempts ends here. */
  async start(): Promise<void> {
    if (this.#isStarted) {
      return;
    }
    this.#isStarted = true;
    for (const job of this.#options.store.jobs.unfinished()) {
      if (!this.#scheduler.has(job.id)) {
        this.#resume(job);
      }
    }
    this.#startOrPause();
  }

  stop(graceMs: number): Promise<void> {
    this.#stopped ??= this.#stop(graceMs);
    return this.#stopped;
  }

  on<E extends keyof QueueEvents>(event: E, listener: (...args: QueueEvents[E]) => void): this {
    this.#events.on(event, listener);
    return this;
  }

  off<E extends keyof QueueEvents>(event: E, listener: (...args: QueueEvents[E]) => void): this {
    this.#events.off(event, listener);
    return this;
  }

  /** A job that a dead process left. One that was being painted may be what killed it, so that counts as an attempt. */
  #resume(job: Job): void {
    const { jobs, settings } = this.#options.store;
    if (job.status === 'active' && job.attempts >= this.#limits.maxRetries) {
      const error = new WorkerLostError('The process ended each time while this job was painted.');
      this.#events.emit('failed', jobs.fail(job.id, error.code), error);
      return;
    }
    const wasActive = job.status === 'active';
    const waiting = wasActive ? jobs.requeue(job.id, { countAttempt: true }) : job;
    // Role weights are not stored: a resumed job counts as a normal member's.
    const { guildId } = job.origin;
    this.#enqueue(waiting, { guild: guildId === null ? 1 : settings.get(guildId).queueShare, member: 1 });
    if (wasActive) {
      this.#events.emit('requeued', waiting);
    }
  }

  #enqueue(job: Job, weights: Weights): void {
    const { guildId, userId } = job.origin;
    if (guildId !== null && !this.#knownGuilds.has(guildId)) {
      this.setPaused(guildId, this.#options.store.settings.get(guildId).paused);
    }
    this.#scheduler.add({
      id: job.id,
      groupKey: groupKeyOf(guildId, userId),
      memberKey: userId,
      groupWeight: weights.guild > 0 ? weights.guild : 1,
      memberWeight: weights.member > 0 ? weights.member : 1,
      cost: job.count,
      sequence: this.#sequence++,
    });
    this.#addTicket();
    this.#events.emit('added', job);
    this.#moved();
  }

  /** A lock that another process holds for a moment is waited for; longer than this a member is not kept waiting. */
  async #insert(newJob: NewJob): Promise<{ readonly job: Job; readonly isNew: boolean }> {
    const { jobs } = this.#options.store;
    for (const waitMs of INSERT_WAITS_MS) {
      try {
        return jobs.insert(newJob);
      } catch (error) {
        if (!isPassing(error)) {
          throw error;
        }
      }
      await delay(waitMs);
    }
    return jobs.insert(newJob);
  }

  /** Writes down what became of a job; while the database refuses, the result is kept and its slot with it. */
  async #settle(run: JobRun, outcome: RunOutcome): Promise<number | undefined> {
    const settle = () => {
      // Whoever is told of the end asks for the job's place, and it has none any more.
      this.#running.delete(run.entry.id);
      return this.#outcomes.settle(run, outcome);
    };
    let settled = settle();
    for (let waitMs = 100; settled === 'later' && !run.isAbandoned; waitMs = Math.min(waitMs * 2, MAX_SETTLE_WAIT_MS)) {
      this.#running.set(run.entry.id, run);
      const isStopping = this.#stopping.signal.aborted;
      await delay(waitMs, undefined, isStopping ? {} : { signal: this.#stopping.signal }).catch(() => undefined);
      settled = run.isAbandoned ? undefined : settle();
    }
    return settled === 'later' ? undefined : settled;
  }

  #refusal(): Error | undefined {
    if (this.#stopping.signal.aborted) {
      return new QueueStoppedError();
    }
    const isFull = this.waitingCount >= this.#limits.maxWaiting;
    return isFull ? new QueueFullError(this.waitingCount, this.#limits.maxWaiting) : undefined;
  }

  #startOrPause(): void {
    const mayRun = this.#isStarted && this.#slotCount > 0 && !this.#stopping.signal.aborted;
    if (mayRun) {
      this.#slots.start();
    } else {
      this.#slots.pause();
    }
  }

  #addTicket(): void {
    if (!this.#stopping.signal.aborted) {
      void this.#slots.add(() => this.#useSlot());
    }
  }

  /** What a slot does with a ticket. Never rejects. */
  async #useSlot(): Promise<void> {
    // `add` shall have resolved, and jobs of the same turn shall all be in, before one is chosen.
    await nextTurn();
    const entry = this.#stopping.signal.aborted ? undefined : this.#scheduler.take();
    if (entry === undefined) {
      return;
    }
    const { store, painter, previewEverySteps = 0 } = this.#options;
    const run = new JobRun({
      entry,
      painter,
      jobs: store.jobs,
      previewEverySteps,
      clock: this.#clock,
      onActive: (job) => this.#events.emit('active', job),
      onProgress: (job, progress) => this.#events.emit('progress', job, progress),
    });
    this.#running.set(entry.id, run);
    this.#moved();
    const outcome = await run.paint();
    if (run.isAbandoned) {
      return;
    }
    const retryAfterMs = await this.#settle(run, outcome);
    if (run.isAbandoned) {
      return;
    }
    if (this.#running.size === 0 && this.waitingCount === 0) {
      this.#scheduler.forgetIdle();
    }
    this.#moved();
    run.release();
    if (retryAfterMs === undefined) {
      return;
    }
    // The slot rests meanwhile: whatever was lost behind it (a worker) is coming back.
    await delay(retryAfterMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
    this.#addTicket();
  }

  async #stop(graceMs: number): Promise<void> {
    this.#stopping.abort();
    this.#slots.pause();
    this.#slots.clear();
    await this.#runsReleased(graceMs);
    for (const run of this.#running.values()) {
      run.interrupt();
    }
    await this.#runsReleased(this.#options.abortWaitMs ?? 2000);
    for (const run of [...this.#running.values()]) {
      run.abandon();
      this.#running.delete(run.entry.id);
      this.#outcomes.settle(run, { kind: 'interrupted' });
      run.release();
    }
  }

  /** Waits until every slot is free, but no longer than this. */
  async #runsReleased(waitMs: number): Promise<void> {
    if (this.#running.size === 0) {
      return;
    }
    const timeout = new AbortController();
    await Promise.race([
      Promise.all(Array.from(this.#running.values(), (run) => run.released)),
      delay(waitMs, undefined, { signal: timeout.signal }).catch(() => undefined),
    ]);
    timeout.abort();
  }

  #moved(): void {
    this.#places.invalidate();
    this.#events.moved();
  }

  #report(error: unknown, message: string): void {
    const { logger } = this.#options;
    if (logger !== undefined) {
      logger.error({ err: error }, message);
    } else {
      process.emitWarning(error instanceof Error ? error : String(error), { detail: message });
    }
  }
}

/** Direct messages share the upper level as if each member were a server of one. */
function groupKeyOf(guildId: string | null, userId: string): string {
  return guildId ?? `dm:${userId}`;
}
