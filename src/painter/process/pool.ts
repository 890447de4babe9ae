/** Several painting processes behind one painter: each call goes to the least busy one. */
import { PainterCaller } from '../caller.js';
import type { BundleSummary, PaintOptions } from '../painter.js';
import type { PainterCall } from '../wire.js';
import { ProcessPainter, type WorkerEvent, type WorkerOptions, type WorkerState } from './process-painter.js';

export interface WorkerPoolOptions extends Omit<WorkerOptions, 'onEvent'> {
  /** Processes, at least 1. */
  readonly count: number;
  readonly onEvent?: (event: WorkerEvent, workerIndex: number) => void;
}

export interface WorkerStatus {
  readonly state: WorkerState;
  readonly pid: number | undefined;
  readonly pendingCount: number;
  readonly restartCount: number;
}

export class ProcessPool extends PainterCaller {
  readonly #workers: readonly ProcessPainter[];

  private constructor(workers: readonly ProcessPainter[]) {
    super();
    this.#workers = workers;
  }

  /**
   * Starts all processes and waits until each has its bundle open.
   * @throws BundleError and the like when one of them cannot; all are closed then.
   */
  static async start(options: WorkerPoolOptions): Promise<ProcessPool> {
    const { count, onEvent, ...worker } = options;
    const pool = new ProcessPool(
      Array.from(
        { length: count },
        (_, index) => new ProcessPainter({ ...worker, onEvent: (event) => onEvent?.(event, index) }),
      ),
    );
    try {
      await Promise.all(pool.#workers.map((client) => client.summary()));
    } catch (error) {
      await pool.close();
      throw error;
    }
    return pool;
  }

  /** For /healthz and /metrics. */
  status(): readonly WorkerStatus[] {
    return this.#workers.map(({ state, pid, pendingCount, restartCount }) => ({
      state,
      pid,
      pendingCount,
      restartCount,
    }));
  }

  override call(call: PainterCall, options: PaintOptions): Promise<unknown> {
    return this.#leastBusy().call(call, options);
  }

  summary(): Promise<BundleSummary> {
    return this.#leastBusy().summary();
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((client) => client.close()));
  }

  /** Ready ones first, then the one with the fewest calls. */
  #leastBusy(): ProcessPainter {
    const rank: Record<WorkerState, number> = { ready: 0, starting: 1, restarting: 1, unusable: 2, closed: 3 };
    const [best] = [...this.#workers].sort((a, b) => rank[a.state] - rank[b.state] || a.pendingCount - b.pendingCount);
    if (best === undefined) {
      throw new RangeError('A worker pool needs at least one worker.');
    }
    return best;
  }
}
