import type { Job } from '../../domain/job.js';
import type { PaintProgress } from '../../painter/painter.js';
import type { QueuePlace } from '../../queue/queue.js';
import type { Acknowledged, There } from '../kit/context.js';
import { type JobMessage, paintingMessage, waitingMessage } from '../kit/job-message.js';

/** An ETA is drawn anew once it is off by this much, or by a tenth. */
const ETA_SLACK_MS = 10_000;
/** The progress bar moves in steps of a twentieth. */
const PROGRESS_STEPS = 20;

/** Said by `expect` of a job that is about to be stored. */
export interface Expectation {
  readonly ready: Promise<void>;
  readonly there: There;
  acknowledged: Acknowledged | undefined;
}

/** What one process remembers of a job whose message it edits; losing it costs nothing but an edit. */
export class TrackedJob {
  #job: Job;
  /** The message that shows it, once there is one. */
  messageId: string | null;
  /** What holds where it is shown; undefined after a restart. */
  readonly there: There | undefined;
  /** Resolved once the interaction is acknowledged: nothing is sent before. */
  readonly ready: Promise<void>;
  isReady: boolean;
  /** The interaction was never acknowledged. */
  isTokenDead = false;
  isEnded = false;
  /** The message or its place is gone; the end is told privately. */
  isGone = false;
  /** An edit is on its way. */
  isBusy = false;
  progress: PaintProgress | undefined;
  /** Clock time before which nothing is edited. */
  dueAt: number;
  /** Sends of one job happen one after the other. */
  chain: Promise<void> = Promise.resolve();
  #shownKey = '';
  #shownReadyAt = 0;

  constructor(job: Job, options: { expectation: Expectation | undefined; dueAt: number }) {
    const { expectation } = options;
    this.#job = job;
    this.messageId = job.messageId;
    this.there = expectation?.there;
    this.dueAt = options.dueAt;
    this.isReady = expectation === undefined;
    this.ready = (expectation?.ready ?? Promise.resolve()).then(() => {
      this.isReady = true;
      this.isTokenDead = expectation !== undefined && expectation.acknowledged === undefined;
      this.messageId ??= expectation?.acknowledged?.messageId ?? null;
    });
  }

  /** The row as the queue last told of it, shown in the message that was last sent. */
  get job(): Job {
    return { ...this.#job, messageId: this.messageId };
  }

  take(job: Job): void {
    this.#job = job;
  }

  /** Whether an edit may start now. */
  isDue(now: number): boolean {
    return this.isReady && !this.isEnded && !this.isGone && !this.isBusy && this.dueAt <= now;
  }

  /** Whatever is shown now is none of ours: the next look says something new. */
  forgetShown(): void {
    this.#shownKey = '';
  }

  /** What there is new to say; undefined when the message says it already. */
  news(place: QueuePlace, now: number): JobMessage | undefined {
    return place.position === 0 ? this.#paintingNews() : this.#waitingNews(place, now);
  }

  #paintingNews(): JobMessage | undefined {
    const step = Math.floor((this.progress?.fraction ?? 0) * PROGRESS_STEPS);
    const key = `painting:${step}:${this.progress?.preview?.byteLength ?? 0}`;
    if (key === this.#shownKey) {
      return undefined;
    }
    this.#shownKey = key;
    return paintingMessage(this.#job, this.progress);
  }

  #waitingNews(place: QueuePlace, now: number): JobMessage | undefined {
    const key = `waiting:${place.position}:${place.waitingCount}`;
    const readyAt = now + place.etaMs;
    const isEtaRight = Math.abs(readyAt - this.#shownReadyAt) < Math.max(ETA_SLACK_MS, place.etaMs / 10);
    if (key === this.#shownKey && isEtaRight) {
      return undefined;
    }
    this.#shownKey = key;
    this.#shownReadyAt = readyAt;
    return waitingMessage(this.#job, place, now);
  }
}
