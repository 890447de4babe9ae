/** The only file that knows ONNX Runtime. */

// First: what it sets is read when the runtime is loaded.
import './no-telemetry.js';
import { basename } from 'node:path';
import { env, InferenceSession, listSupportedBackends, Tensor } from 'onnxruntime-node';
import { BundleError, TesseraError } from '../../domain/errors.js';
import type { ExecutionProvider } from '../../domain/execution-provider.js';

export interface RuntimeOptions {
  readonly provider: ExecutionProvider;
  /** Threads of one session; 0 lets ONNX Runtime take every physical core. */
  readonly threads: number;
}

/** What one graph wants beside that. */
export interface SessionOptions extends RuntimeOptions {
  /** Whether the memory of intermediate results is planned ahead: faster for small graphs, larger for large ones. */
  readonly keepsPlan?: boolean;
}

// Failures reach the caller as errors; the runtime's own lines on stderr would only repeat them.
env.logLevel = 'fatal';

export type { Tensor };
export type Tensors = Readonly<Record<string, Tensor>>;

export interface TensorInfo {
  readonly name: string;
  readonly type: string;
  /** Numbers are fixed; a name stands for a size that is only known when the graph runs. */
  readonly dims: readonly (number | string)[];
}

/** A tensor over `data` itself, not over a copy: what is written into `data` later is what the next run reads. */
export function floatTensor(data: Float32Array, dims: readonly number[]): Tensor {
  return new Tensor('float32', data, dims);
}

/** As floatTensor, for int64. */
export function int64Tensor(data: BigInt64Array, dims: readonly number[]): Tensor {
  return new Tensor('int64', data, dims);
}

/**
 * One loaded graph.
 *
 * `run` blocks the thread that calls it (microsoft/onnxruntime#19611); it only gives the event loop a turn before it
 * starts. Whoever has a heartbeat to keep runs sessions in a process of their own.
 */
export class Session {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /** Undefined while the graph rests. */
  #loaded: Promise<InferenceSession> | undefined;
  #runningCount = 0;
  readonly #path: string;
  readonly #options: SessionOptions;

  private constructor(path: string, options: SessionOptions, session: InferenceSession) {
    this.#path = path;
    this.#options = options;
    this.#loaded = Promise.resolve(session);
    this.inputs = session.inputMetadata.map(tensorInfo);
    this.outputs = session.outputMetadata.map(tensorInfo);
  }

  /** File name without its folder, for messages. */
  get name(): string {
    return basename(this.#path);
  }

  /**
   * Loads the graph at `path`.
   *
   * @throws TesseraError `provider_unavailable` when this machine or installation lacks the execution provider.
   * @throws BundleError when the file is no graph that ONNX Runtime can load.
   */
  static async open(path: string, options: SessionOptions): Promise<Session> {
    return new Session(path, options, await load(path, options));
  }

  hasInput(name: string): boolean {
    return this.inputs.some((input) => input.name === name);
  }

  /**
   * Runs the graph. `fetches` are written in place and may be the very tensors of `feeds`: a kernel that changes one
   * row of a cache then writes that row and copies nothing. What is returned is always a copy (onnxruntime-node makes
   * one of every output), so large outputs cost twice.
   *
   * @throws BundleError when ONNX Runtime refuses: the graph and its description do not agree.
   */
  async run(feeds: Tensors, fetches?: Tensors): Promise<Tensors> {
    this.#runningCount++;
    try {
      const session = await this.#wake();
      return await runIn(session, this.name, feeds, fetches);
    } finally {
      this.#runningCount--;
    }
  }

  /**
   * Frees the graph until the next run, which loads it again. Does nothing while there are runs, nor on a GPU, where
   * loading takes long and the memory is another.
   */
  async rest(): Promise<void> {
    if (this.#runningCount === 0 && this.#options.provider === 'cpu') {
      await this.release();
    }
  }

  async release(): Promise<void> {
    const loaded = this.#loaded;
    this.#loaded = undefined;
    await (await loaded)?.release();
  }

  #wake(): Promise<InferenceSession> {
    if (this.#loaded === undefined) {
      const loading = load(this.#path, this.#options);
      this.#loaded = loading;
      // A failure is not remembered: the next run tries again.
      loading.catch(() => {
        if (this.#loaded === loading) {
          this.#loaded = undefined;
        }
      });
    }
    return this.#loaded;
  }
}

/** The float32 output called `name`. @throws BundleError when there is none. */
export function floatsOf(tensors: Tensors, name: string): Float32Array {
  const data = tensors[name]?.data;
  if (!(data instanceof Float32Array)) {
    throw new BundleError(`Expected a float32 output called ${name}.`);
  }
  return data;
}

/** The int64 output called `name`. @throws BundleError when there is none. */
export function int64sOf(tensors: Tensors, name: string): BigInt64Array {
  const data = tensors[name]?.data;
  if (!(data instanceof BigInt64Array)) {
    throw new BundleError(`Expected an int64 output called ${name}.`);
  }
  return data;
}

async function load(path: string, options: SessionOptions): Promise<InferenceSession> {
  requireProvider(options.provider);
  try {
    return await InferenceSession.create(path, sessionOptions(options));
  } catch (cause) {
    if (options.provider !== 'cpu' && isProviderFailure(cause)) {
      throw unavailable(options.provider, cause);
    }
    throw new BundleError(`${basename(path)} is not a graph that ONNX Runtime can load.`, { cause });
  }
}

async function runIn(session: InferenceSession, name: string, feeds: Tensors, fetches?: Tensors): Promise<Tensors> {
  try {
    return fetches === undefined ? await session.run(feeds) : await session.run(feeds, fetches);
  } catch (cause) {
    throw new BundleError(`${name} failed to run: ${firstLine(cause)}`, { cause });
  }
}

function sessionOptions({ provider, threads, keepsPlan = true }: SessionOptions): InferenceSession.SessionOptions {
  return {
    executionProviders: [provider],
    graphOptimizationLevel: 'all',
    interOpNumThreads: 1,
    ...(threads > 0 ? { intraOpNumThreads: threads } : {}),
    logSeverityLevel: 4,
    // A plan of all intermediate results, made on the first run, would be held beside those of that run: for the decoder
    // of a 256 px picture 115 MB more, and no millisecond less. Small graphs that run often gain from it.
    enableMemPattern: keepsPlan,
    // Every session has its own threads. They wait for each other without sleeping, which halves a step of many small
    // nodes, but only so long and never after the run: with both cores busy, a step of 15 ms took 70 ms with endless
    // waiting, 27 with this and 21 without any.
    extra: { session: { intra_op: { allow_spinning: '1', spin_duration_us: '10' }, force_spinning_stop: '1' } },
  };
}

function requireProvider(provider: ExecutionProvider): void {
  if (provider === 'cpu') {
    return;
  }
  const isBundled = listSupportedBackends().some((backend) => backend.name === provider && backend.bundled);
  // The CUDA provider is an optional download of onnxruntime-node; when it was made, loading it decides.
  if (!isBundled && provider !== 'cuda') {
    throw unavailable(provider);
  }
}

function unavailable(provider: ExecutionProvider, cause?: unknown): TesseraError {
  return new TesseraError(
    'provider_unavailable',
    `The execution provider ${provider} is not available on this machine: no device, or onnxruntime-node was installed without it. Use cpu.`,
    { cause },
  );
}

/** A damaged graph fails alike on every provider; those failures speak of the model. */
function isProviderFailure(error: unknown): boolean {
  return !/protobuf|ModelProto|Load model|INVALID_GRAPH|opset/i.test(firstLine(error));
}

function tensorInfo(metadata: InferenceSession.ValueMetadata): TensorInfo {
  return metadata.isTensor
    ? { name: metadata.name, type: metadata.type, dims: metadata.shape }
    : { name: metadata.name, type: 'no tensor', dims: [] };
}

function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split('\n', 1)[0] ?? '';
}
