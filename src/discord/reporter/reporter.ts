import { settingsOf } from '../../actions/ask.js';
import { DEFAULT_MAX_BYTES } from '../../actions/render-job.js';
import { isPassing } from '../../domain/errors.js';
import type { Job } from '../../domain/job.js';
import { mostPicturesPerPrompt } from '../../domain/limits.js';
import { translator } from '../../i18n/index.js';
import type { Logger } from '../../logger.js';
import type { Painter, PaintProgress } from '../../painter/painter.js';
import type { JobQueue } from '../../queue/queue.js';
import type { Store } from '../../store/store.js';
import type { Acknowledged, BotEvent, JobReporter, There } from '../kit/context.js';
import { type JobMessage, textMessage } from '../kit/job-message.js';
import { type Delivery, isUnauthorized, type Outcome } from './delivery.js';
import { sendEnd } from './job-end.js';
import { type Expectation, TrackedJob } from './tracked-job.js';

export interface ReporterTimes {
  /** Least time between two edits of one message. Default 3 s. */
  readonly editIntervalMs: number;
  /** How long a fresh job may stay without a word: fast jobs skip the "place" message. Default 400 ms. */
  readonly firstEditAfterMs: number;
  /** How often due edits are looked for. Default 250 ms. */
  readonly tickMs: number;
  /** Wait before an end is sent again after a passing error; doubles each time. Default 2 s. */
  readonly retryAfterMs: number;
  /** The longest such wait. Default 1 min. */
  readonly maxRetryMs: number;
}

export const DEFAULT_TIMES: ReporterTimes = {
  editIntervalMs: 3000,
  firstEditAfterMs: 400,
  tickMs: 250,
  retryAfterMs: 2000,
  maxRetryMs: 60_000,
};

/** Progress edits started in one tick and under way at once: thousands of waiting jobs must not flood Discord. */
const MAX_EDITS_PER_TICK = 8;
const MAX_EDITS_UNDER_WAY = 24;
/** An answer stays owed for so long, over all outages and restarts: later nobody looks for it. */
const OWED_FOR_MS = 7 * 24 * 3_600_000;
/** Ends of a process before this one that are sent at once. */
const MAX_OWED_UNDER_WAY = 8;

export interface ReporterDeps {
  readonly queue: JobQueue;
  readonly store: Store;
  readonly painter: Painter;
  readonly delivery: Delivery;
  readonly logger: Logger;
  readonly clock: () => number;
  readonly times: ReporterTimes;
  readonly onEvent: (event: BotEvent) => void;
  /** Told when Discord does not take the token any more: what is owed stays owed until a start with a good one. */
  readonly onUnauthorized: () => void;
}

/** Keeps one message a job up to date, from the stored row alone: it does not matter which process asked. */
export class Reporter implements JobReporter {
  readonly #deps: ReporterDeps;
  readonly #tracked = new Map<string, TrackedJob>();
  readonly #expected = new Map<string, Expectation>();
  #timer: NodeJS.Timeout | undefined;
  #editsUnderWay = 0;
  #isStopping = false;

  constructor(deps: ReporterDeps) {
    this.#deps = deps;
  }

  /** Follows the queue, and sends the ends that were never shown because the process died in between. */
  start(): void {
    this.#listen('on');
    this.#timer = setInterval(() => this.#tick(), this.#deps.times.tickMs);
    const owed = this.#deps.store.jobs.undelivered()[Symbol.iterator]();
    for (let i = 0; i < MAX_OWED_UNDER_WAY; i += 1) {
      void this.#payOwed(owed);
    }
  }

  /** Newest first, a few at a time; one that fails for now is tried again by itself. */
  async #payOwed(owed: Iterator<string>): Promise<void> {
    for (let next = owed.next(); !next.done && !this.#isStopping; next = owed.next()) {
      const job = this.#owedJob(next.value);
      // One that was painted meanwhile has told of its end already.
      if (job?.finishedAt != null && !this.#tracked.has(job.id)) {
        this.#onEnd(job);
        await this.#tracked.get(job.id)?.chain;
      }
    }
  }

  /** Lets what is under way be sent, for at most so long. */
  async stop(graceMs: number): Promise<void> {
    this.#isStopping = true;
    const chains = Promise.allSettled([...this.#tracked.values()].map((tracked) => tracked.chain));
    await Promise.race([chains, new Promise((resolve) => setTimeout(resolve, graceMs).unref())]);
    clearInterval(this.#timer);
    this.#listen('off');
    this.#tracked.clear();
  }

  #listen(how: 'on' | 'off'): void {
    const { queue } = this.#deps;
    queue[how]('added', this.#onAdded);
    queue[how]('active', this.#onActive);
    queue[how]('progress', this.#onProgress);
    queue[how]('completed', this.#onEnd);
    queue[how]('failed', this.#onEnd);
    queue[how]('cancelled', this.#onEnd);
    queue[how]('requeued', this.#onRequeued);
  }

  #owedJob(id: string): Job | undefined {
    try {
      return this.#deps.store.jobs.get(id);
    } catch (error) {
      this.#deps.logger.error({ err: error, jobId: id }, 'a job cannot be read and is set aside');
      return undefined;
    }
  }

  expect(interactionId: string, there: There): (acknowledged: Acknowledged | undefined) => void {
    const known = this.#expected.get(interactionId);
    // A repeated delivery: the first one is still at it, and decides.
    if (known !== undefined) {
      return () => {};
    }
    let settle = () => {};
    const ready = new Promise<void>((resolve) => {
      settle = resolve;
    });
    const expectation: Expectation = { ready, there, acknowledged: undefined };
    this.#expected.set(interactionId, expectation);
    return (acknowledged) => {
      expectation.acknowledged = acknowledged;
      settle();
      this.#expected.delete(interactionId);
    };
  }

  announce(job: Job): void {
    this.#track(job);
  }

  /** Resolves once everything that is being sent has been. */
  async idle(): Promise<void> {
    for (let chains = this.#chains(); chains.length > 0; chains = this.#chains()) {
      await Promise.all(chains);
    }
  }

  #chains(): Promise<void>[] {
    return [...this.#tracked.values()].filter(({ isBusy, isEnded }) => isBusy || isEnded).map(({ chain }) => chain);
  }

  readonly #onAdded = (job: Job): void => {
    this.#track(job);
  };

  readonly #onActive = (job: Job): void => {
    this.#track(job).progress = { stage: 'encode', fraction: 0 };
  };

  readonly #onProgress = (job: Job, progress: PaintProgress): void => {
    const tracked = this.#track(job);
    const preview = progress.preview ?? tracked.progress?.preview;
    tracked.progress = preview === undefined ? progress : { ...progress, preview };
  };

  readonly #onEnd = (job: Job): void => {
    const tracked = this.#track(job);
    tracked.isEnded = true;
    this.#enqueue(tracked, () => this.#end(tracked, 1));
  };

  readonly #onRequeued = (job: Job): void => {
    const tracked = this.#track(job);
    tracked.progress = undefined;
    tracked.forgetShown();
    tracked.dueAt = this.#deps.clock() + this.#deps.times.editIntervalMs;
    const text = translator(job.origin.locale)('job.requeued');
    this.#enqueue(tracked, async () => {
      await this.#showProgress(tracked, textMessage(text));
    });
  };

  #track(job: Job): TrackedJob {
    const known = this.#tracked.get(job.id);
    if (known !== undefined) {
      known.take(job);
      return known;
    }
    const { clock, times } = this.#deps;
    const tracked = new TrackedJob(job, {
      expectation: this.#expected.get(job.origin.interactionId),
      dueAt: clock() + times.firstEditAfterMs,
    });
    this.#tracked.set(job.id, tracked);
    return tracked;
  }

  #tick(): void {
    if (this.#isStopping) {
      return;
    }
    const now = this.#deps.clock();
    const due = [...this.#tracked.values()].filter((tracked) => tracked.isDue(now)).sort((a, b) => a.dueAt - b.dueAt);
    let started = 0;
    for (const tracked of due) {
      if (started >= MAX_EDITS_PER_TICK || this.#editsUnderWay >= MAX_EDITS_UNDER_WAY) {
        break;
      }
      const message = this.#progressMessage(tracked, now);
      tracked.dueAt = now + this.#deps.times.editIntervalMs;
      if (message === undefined) {
        continue;
      }
      started += 1;
      this.#startEdit(tracked, message);
    }
  }

  #startEdit(tracked: TrackedJob, message: JobMessage): void {
    this.#editsUnderWay += 1;
    tracked.isBusy = true;
    this.#enqueue(tracked, async () => {
      try {
        if (!tracked.isEnded) {
          await this.#showProgress(tracked, message);
        }
      } finally {
        this.#editsUnderWay -= 1;
        tracked.isBusy = false;
      }
    });
  }

  #progressMessage(tracked: TrackedJob, now: number): JobMessage | undefined {
    const { queue, delivery } = this.#deps;
    const { job } = tracked;
    const place = queue.place(job.id);
    // Between two states, or not taken up yet after a restart: its end is told by an event.
    if (place === undefined) {
      return undefined;
    }
    // Never acknowledged: there is no message to edit, and a new one is worth it for the pictures alone.
    const hasNoMessage = job.messageId === null && job.origin.interactionToken !== null;
    if (hasNoMessage && !delivery.hasLiveToken(job, tracked.isTokenDead)) {
      return undefined;
    }
    return tracked.news(place, now);
  }

  #enqueue(tracked: TrackedJob, send: () => Promise<void>): void {
    tracked.chain = tracked.chain
      .then(() => tracked.ready)
      .then(send)
      .catch((error: unknown) => {
        this.#deps.logger.warn({ err: error, jobId: tracked.job.id }, 'a job could not be shown');
      });
  }

  /** A restart has to know which message shows the job. */
  async #showProgress(tracked: TrackedJob, message: JobMessage): Promise<void> {
    const before = tracked.messageId;
    await this.#show(tracked, message, false);
    if (tracked.messageId !== null && tracked.messageId !== before) {
      this.#deps.store.jobs.setMessage(tracked.job.id, tracked.messageId);
    }
  }

  async #show(tracked: TrackedJob, message: JobMessage, isEnd: boolean): Promise<Outcome> {
    const { job } = tracked;
    if (tracked.isGone) {
      return { kind: 'gone', reason: 'message' };
    }
    const outcome = await this.#deps.delivery.show(job, message, { isEnd, isTokenDead: tracked.isTokenDead });
    if (outcome.kind === 'gone') {
      tracked.isGone = true;
    } else {
      tracked.messageId = outcome.messageId;
    }
    return outcome;
  }

  /** Shows how a job ended. What fails for a passing reason stays owed and is tried again, after a restart too. */
  async #end(tracked: TrackedJob, tries: number): Promise<void> {
    const { store, painter, delivery, logger, onEvent, clock } = this.#deps;
    const { job } = tracked;
    // Deleted while it was painted, or while it waited to be sent again.
    const isDeleted = (tries === 1 ? job : store.jobs.get(job.id))?.deletedAt !== null;
    if (isDeleted) {
      this.#tracked.delete(job.id);
      return;
    }
    const there = tracked.there ?? this.#thereOf(job);
    try {
      const outcome = await sendEnd(painter, job, there, (message) => this.#show(tracked, message, true));
      let via: Extract<BotEvent, { kind: 'delivered' }>['via'] = 'nowhere';
      if (outcome.kind === 'shown') {
        via = outcome.via;
      } else if (job.status === 'completed' && (await delivery.tellPrivately(job, tracked))) {
        via = 'private';
      }
      if (outcome.kind === 'gone') {
        logger.info({ jobId: job.id, reason: outcome.reason, via }, 'no place for an answer');
      }
      onEvent({ kind: 'delivered', via });
    } catch (error) {
      if (isUnauthorized(error)) {
        this.#deps.onUnauthorized();
        return;
      }
      if (clock() - (job.finishedAt ?? clock()) < OWED_FOR_MS) {
        this.#endLater(tracked, tries, error);
        return;
      }
      logger.error({ err: error, jobId: job.id }, 'an answer could not be sent, and is not worth sending any more');
    }
    this.#delivered(tracked);
  }

  /** Writes down that nothing is owed any more. Where the database refuses for now, later: it was shown all the same. */
  #delivered(tracked: TrackedJob): void {
    const { store, times } = this.#deps;
    try {
      store.jobs.markDelivered(tracked.job.id, tracked.messageId);
    } catch (error) {
      if (!isPassing(error)) {
        throw error;
      }
      setTimeout(() => !this.#isStopping && this.#delivered(tracked), times.retryAfterMs).unref();
      return;
    }
    this.#tracked.delete(tracked.job.id);
  }

  #endLater(tracked: TrackedJob, tries: number, error: unknown): void {
    const { logger, times } = this.#deps;
    const retryInMs = Math.min(times.retryAfterMs * 2 ** (tries - 1), times.maxRetryMs);
    logger.warn({ err: error, jobId: tracked.job.id, tries, retryInMs }, 'an answer could not be sent and stays owed');
    const wait = setTimeout(() => {
      if (!this.#isStopping) {
        this.#enqueue(tracked, () => this.#end(tracked, tries + 1));
      }
    }, retryInMs);
    wait.unref();
  }

  #thereOf(job: Job): There {
    const maxPictures = mostPicturesPerPrompt(settingsOf(this.#deps.store, job.origin.guildId));
    return { maxBytes: DEFAULT_MAX_BYTES, maxPictures };
  }
}
