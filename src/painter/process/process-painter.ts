/** A painter that lives in another process: same interface as the pipeline, but a crash costs an error instead of the bot. */
import { AbortedError, InputError, type TesseraError, WorkerLostError } from '../../domain/errors.js';
import { PainterCaller } from '../caller.js';
import type { BundleSummary, PaintOptions } from '../painter.js';
import { fromWire, type PainterCall } from '../wire.js';
import { PaintingChild } from './child.js';
import { paintingEnvironment } from './environment.js';
import type { FromWorker, OpenMessage } from './messages.js';
import { PendingCalls } from './pending-calls.js';

export interface WorkerOptions {
  readonly bundleDir: string;
  readonly provider: OpenMessage['provider'];
  readonly threads: number;
  /** Script of the painting process; default: the compiled `entry.js` beside this file. */
  readonly entry?: URL;
  readonly entryArgs?: readonly string[];
  /** The process's environment. Default: `paintingEnvironment`. */
  readonly env?: NodeJS.ProcessEnv;
  /**
   * A process that owes an answer and gives no sign of life for this long (milliseconds) is killed.
   * Longer than any single step or decode of a full-size bundle on a slow machine. Default 5 minutes.
   */
  readonly silenceLimitMs?: number;
  /** How long `close` waits before it kills. Default 5 s. */
  readonly closeLimitMs?: number;
  /** First pause before a restart; doubles with every failure in a row. Default 250 ms. */
  readonly restartDelayMs?: number;
  /** Longest pause before a restart. Default 30 s. */
  readonly maxRestartDelayMs?: number;
  readonly onEvent?: (event: WorkerEvent) => void;
}

/** For logs and metrics. */
export type WorkerEvent =
  | { readonly type: 'ready'; readonly pid: number | undefined }
  | { readonly type: 'lost'; readonly reason: string; readonly lostCalls: number; readonly restartInMs: number }
  /** Start-up failed in a way that a restart would not change. */
  | { readonly type: 'unusable'; readonly error: TesseraError };

export type WorkerState = 'starting' | 'ready' | 'restarting' | 'unusable' | 'closed';

/** A process that dies this often before it was ever ready will not get ready by trying on. */
const MAX_FAILED_STARTS = 3;

export class ProcessPainter extends PainterCaller {
  readonly #options: WorkerOptions;
  readonly #calls = new PendingCalls((id) => this.#process?.send({ type: 'cancel', id }));
  readonly #ready: Promise<BundleSummary>;
  #settleReady!: { resolve: (summary: BundleSummary) => void; reject: (error: Error) => void };
  #process: PaintingChild | undefined;
  #state: WorkerState = 'starting';
  #startupError: TesseraError | undefined;
  #restartTimer: NodeJS.Timeout | undefined;
  #failuresInARow = 0;
  #restartCount = 0;
  #wasEverReady = false;

  constructor(options: WorkerOptions) {
    super();
    this.#options = options;
    this.#ready = new Promise((resolve, reject) => {
      this.#settleReady = { resolve, reject };
    });
    // Whoever awaits it sees the error; nobody awaiting it is no crash.
    this.#ready.catch(() => {});
    this.#launch();
  }

  /**
   * Starts a painting process and waits until its bundle is open.
   * @throws BundleError (or what else the start-up failed with), once; the process is not restarted then.
   */
  static async start(options: WorkerOptions): Promise<ProcessPainter> {
    const client = new ProcessPainter(options);
    await client.summary();
    return client;
  }

  get state(): WorkerState {
    return this.#state;
  }

  /** Calls that have not been answered yet. */
  get pendingCount(): number {
    return this.#calls.size;
  }

  /** Times the process was lost and started again. */
  get restartCount(): number {
    return this.#restartCount;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Known from the start-up: costs nothing, works while the process restarts. */
  summary(): Promise<BundleSummary> {
    return this.#ready;
  }

  async close(): Promise<void> {
    if (this.#state !== 'closed') {
      this.#state = 'closed';
      clearTimeout(this.#restartTimer);
      const error = new WorkerLostError('The worker was closed before it answered.');
      this.#settleReady.reject(error);
      this.#calls.rejectAll(error, { onlySent: false });
    }
    await this.#process?.close(this.#options.closeLimitMs ?? 5_000);
  }

  override async call(call: PainterCall, options: PaintOptions): Promise<unknown> {
    if (options.signal?.aborted) {
      throw new AbortedError();
    }
    if (this.#state === 'closed') {
      throw new WorkerLostError('The worker is closed.');
    }
    if (this.#startupError !== undefined) {
      throw this.#startupError;
    }
    const { id, answer } = this.#calls.add(call, options);
    // While the process (re)starts the call waits here: the backoff must not eat the caller's retries.
    if (this.#state === 'ready') {
      this.#send(id);
    }
    return answer;
  }

  #send(id: number): void {
    const call = this.#calls.take(id);
    if (call === undefined) {
      return;
    }
    try {
      this.#process?.send({ type: 'call', id, call });
      this.#process?.expectNews(true);
    } catch (error) {
      this.#calls.reject(id, new InputError('Expected a request of plain data.', { cause: error }));
    }
  }

  #launch(): void {
    const { bundleDir, provider, threads, entry, entryArgs, env, silenceLimitMs } = this.#options;
    this.#process = new PaintingChild({
      entry: entry ?? new URL('../../painting-process.js', import.meta.url),
      entryArgs: entryArgs ?? [],
      env: env ?? paintingEnvironment(),
      open: { type: 'open', bundleDir, provider, threads },
      silenceLimitMs: silenceLimitMs ?? 300_000,
      onMessage: (message) => this.#receive(message),
      onExit: (reason) => this.#lost(reason),
    });
  }

  #receive(message: FromWorker): void {
    if (this.#state === 'closed') {
      return;
    }
    switch (message.type) {
      case 'ready':
        this.#state = 'ready';
        this.#wasEverReady = true;
        this.#process?.expectNews(false);
        this.#options.onEvent?.({ type: 'ready', pid: this.pid });
        this.#settleReady.resolve(message.summary);
        for (const id of this.#calls.waitingIds()) {
          this.#send(id);
        }
        return;
      case 'unusable':
        this.#giveUp(fromWire(message.error));
        return;
      case 'progress':
        this.#calls.progress(message.id, message.progress);
        return;
      case 'result':
        this.#failuresInARow = 0;
        this.#calls.resolve(message.id, message.value);
        break;
      case 'error':
        this.#calls.reject(message.id, fromWire(message.error));
        break;
    }
    this.#process?.expectNews(this.#calls.hasSent);
  }

  #lost(reason: string): void {
    if (this.#state === 'closed' || this.#state === 'unusable') {
      return;
    }
    this.#process = undefined;
    this.#failuresInARow += 1;
    if (!this.#wasEverReady && this.#failuresInARow >= MAX_FAILED_STARTS) {
      this.#giveUp(
        new WorkerLostError(`The painting process ended ${MAX_FAILED_STARTS} times before it was ready (${reason}).`),
      );
      return;
    }
    const { restartDelayMs = 250, maxRestartDelayMs = 30_000 } = this.#options;
    const restartInMs = Math.min(maxRestartDelayMs, restartDelayMs * 2 ** (this.#failuresInARow - 1));
    this.#state = 'restarting';
    const error = new WorkerLostError(`The painting process ended in the middle of the work (${reason}).`);
    const lostCalls = this.#calls.rejectAll(error, { onlySent: true });
    this.#options.onEvent?.({ type: 'lost', reason, lostCalls, restartInMs });
    this.#restartTimer = setTimeout(() => {
      this.#restartCount += 1;
      this.#launch();
    }, restartInMs);
  }

  #giveUp(error: TesseraError): void {
    this.#state = 'unusable';
    this.#startupError = error;
    this.#options.onEvent?.({ type: 'unusable', error });
    this.#settleReady.reject(error);
    this.#calls.rejectAll(error, { onlySent: false });
    void this.#process?.close(this.#options.closeLimitMs ?? 5_000);
  }
}
