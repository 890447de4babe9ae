/** One life of one painting process: from fork to exit. Restarting is its owner's business. */
import { type ChildProcess, fork } from 'node:child_process';
import { type FromWorker, fromWorker, type OpenMessage, type ToWorker } from './messages.js';

export interface PaintingChildOptions {
  readonly entry: URL;
  readonly entryArgs: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly open: OpenMessage;
  /** The process is killed when it owes an answer and says nothing for this long. */
  readonly silenceLimitMs: number;
  readonly onMessage: (message: FromWorker) => void;
  /** Called once, with why in words; nothing comes after it. */
  readonly onExit: (reason: string) => void;
}

export class PaintingChild {
  readonly #child: ChildProcess;
  readonly #options: PaintingChildOptions;
  readonly #exited: Promise<void>;
  #silence: NodeJS.Timeout | undefined;
  #killedBecause: string | undefined;

  constructor(options: PaintingChildOptions) {
    this.#options = options;
    // Standard output is for results of the CLI: whatever a library prints in the child goes to standard error.
    this.#child = fork(options.entry, [...options.entryArgs], {
      serialization: 'advanced',
      env: options.env,
      stdio: ['ignore', 2, 2, 'ipc'],
      execArgv: [],
    });
    this.#child.on('message', (raw) => this.#receive(raw));
    this.#exited = new Promise((resolve) => {
      let isOver = false;
      const over = (reason: string) => {
        if (isOver) {
          return;
        }
        isOver = true;
        clearTimeout(this.#silence);
        resolve();
        options.onExit(this.#killedBecause ?? reason);
      };
      this.#child.once('exit', (code, signal) => over(signal === null ? `exit code ${code}` : `signal ${signal}`));
      this.#child.on('error', (error) => {
        // A failed send is followed by 'exit'; without a pid the process never started and no 'exit' comes.
        if (this.#child.pid === undefined) {
          over(error.message);
        }
      });
    });
    this.expectNews(true);
    this.send(options.open);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Throws what structured clone throws when the message cannot be copied; a channel that is closed is no error here. */
  send(message: ToWorker): void {
    if (this.#child.connected) {
      this.#child.send(message, () => {});
    }
  }

  /** Whether the process owes us something: only then is its silence measured. */
  expectNews(isExpected: boolean): void {
    if (!isExpected) {
      clearTimeout(this.#silence);
      this.#silence = undefined;
      return;
    }
    // A new request must not prolong the silence of a process that hangs on the one before.
    this.#silence ??= setTimeout(
      () => this.kill(`it said nothing for ${Math.round(this.#options.silenceLimitMs / 1000)} s`),
      this.#options.silenceLimitMs,
    );
    this.#silence.unref();
  }

  kill(reason: string): void {
    this.#killedBecause ??= reason;
    this.#child.kill('SIGKILL');
  }

  /** Asks the process to end, then insists. Resolves when it is gone. */
  async close(limitMs: number): Promise<void> {
    this.send({ type: 'close' });
    const insist = setTimeout(() => this.kill('it did not close in time'), limitMs);
    await this.#exited;
    clearTimeout(insist);
  }

  #receive(raw: unknown): void {
    const parsed = fromWorker.safeParse(raw);
    if (!parsed.success) {
      this.kill('it sent a message that nobody understands');
      return;
    }
    this.#silence?.refresh();
    this.#options.onMessage(parsed.data);
  }
}
