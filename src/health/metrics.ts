/** Numbers for Prometheus, in a registry of our own. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { JobStatus } from '../domain/job.js';
import type { JobQueue } from '../queue/queue.js';
import type { HealthSources } from './sources.js';

/** From a warm second to a full-size bundle on a slow machine. */
const PAINT_BUCKETS_SECONDS = [0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300, 600];
/** Discord gives up after 3 s; we aim at 0.2 s. */
const ACKNOWLEDGEMENT_BUCKETS_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3];

export class Metrics {
  readonly #registry = new Registry();
  readonly #paintSeconds: Histogram;
  readonly #acknowledgementSeconds: Histogram;
  readonly #endedJobs: Counter<'outcome'>;

  /** Gauges are read from `sources` at each scrape. */
  constructor(sources: HealthSources) {
    const registers = [this.#registry];
    // Memory, CPU and the event loop's delay (`nodejs_eventloop_lag_*`) of this process.
    collectDefaultMetrics({ register: this.#registry });
    const gauge = (name: string, help: string, read: () => number) =>
      new Gauge({
        name: `tessera_${name}`,
        help,
        registers,
        collect() {
          this.set(read());
        },
      });
    gauge('queue_waiting', 'Jobs that wait to be painted.', () => sources.queue()?.waitingCount ?? 0);
    gauge('queue_active', 'Jobs that are being painted.', () => sources.queue()?.activeCount ?? 0);
    gauge('workers_ready', 'Painting processes that are ready.', () =>
      sources.workers().reduce((sum, { state }) => sum + Number(state === 'ready'), 0),
    );
    gauge('remote_slots', 'Pictures that living workers behind Redis paint at once; 0 while Redis is away.', () => {
      const remote = sources.remote();
      return remote?.isReachable ? remote.slots : 0;
    });
    gauge('worker_restarts', 'Times a painting process was lost and started again.', () =>
      sources.workers().reduce((sum, { restartCount }) => sum + restartCount, 0),
    );
    gauge('gateway_ready', '1 while connected to Discord, otherwise 0.', () => Number(sources.gateway()?.isReady));
    new Gauge({
      name: 'tessera_jobs',
      help: 'Stored jobs by status.',
      labelNames: ['status'],
      registers,
      collect() {
        const counts: Readonly<Partial<Record<JobStatus, number>>> = sources.jobCounts();
        for (const [status, count] of Object.entries(counts)) {
          this.set({ status }, count);
        }
      },
    });
    this.#endedJobs = new Counter({
      name: 'tessera_jobs_ended_total',
      help: 'Jobs that ended since the start, by outcome.',
      labelNames: ['outcome'],
      registers,
    });
    this.#paintSeconds = new Histogram({
      name: 'tessera_paint_seconds',
      help: 'Painting of a job, from its first step to its last picture.',
      buckets: PAINT_BUCKETS_SECONDS,
      registers,
    });
    this.#acknowledgementSeconds = new Histogram({
      name: 'tessera_acknowledgement_seconds',
      help: "From an interaction's arrival to the first answer that Discord accepted.",
      buckets: ACKNOWLEDGEMENT_BUCKETS_SECONDS,
      registers,
    });
  }

  /** Counts what becomes of the queue's jobs from now on. */
  watch(queue: JobQueue): void {
    queue.on('completed', (_job, result) => {
      this.#endedJobs.inc({ outcome: 'completed' });
      this.#paintSeconds.observe(result.timings.totalMs / 1000);
    });
    queue.on('failed', () => this.#endedJobs.inc({ outcome: 'failed' }));
    queue.on('cancelled', () => this.#endedJobs.inc({ outcome: 'cancelled' }));
    queue.on('requeued', () => this.#endedJobs.inc({ outcome: 'requeued' }));
  }

  observeAcknowledgement(ms: number): void {
    this.#acknowledgementSeconds.observe(ms / 1000);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** The text that Prometheus scrapes. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }
}
