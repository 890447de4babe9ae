import { EventEmitter, once } from 'node:events';
import { AbortedError } from '../../src/domain/errors.js';
import type { BundleSummary, Painter, PaintOptions, PaintRequest, PaintResult } from '../../src/painter/painter.js';

export const fakeSampling = { temperature: 1, topK: 256, topP: 0.95, guidanceScale: 2, candidateCount: 8 };

export function fakeResult(request: PaintRequest, bundle = 'emoji'): PaintResult {
  return {
    embedding: { vector: Float32Array.of(0.6, 0.8), bundle },
    sampling: { ...fakeSampling, ...request.sampling },
    pictures: Array.from({ length: request.count }, (_, index) => ({
      seed: request.seed + index,
      imageTokens: Uint16Array.of(request.seed % 65_536, index, 65_535),
      fit: 0.5 - index / 100,
    })),
    timings: { loadMs: 0, encodeMs: 1, generateMs: 2, decodeMs: 3, rankMs: 4, totalMs: 10 },
  };
}

interface Call {
  readonly request: PaintRequest;
  readonly options: PaintOptions;
  readonly finish: (result?: PaintResult) => void;
  readonly break: (error: Error) => void;
}

/** A painter whose every call the test ends by hand. */
export class ManualPainter implements Pick<Painter, 'paint' | 'summary'> {
  readonly calls: Call[] = [];
  readonly open = new Set<Call>();
  maxOpen = 0;
  bundle = 'emoji';
  /** Whether it lets go of an aborted call by itself, as a real one does after its next step. */
  letsGo = true;
  readonly #made = new EventEmitter();

  async summary(): Promise<BundleSummary> {
    return {
      id: this.bundle,
      checksum: `${this.bundle}-sum`,
      name: this.bundle,
      version: '1.0.0',
      licence: 'MIT',
      pictureSizePx: 64,
      styles: [],
      sampling: fakeSampling,
      metrics: {},
    };
  }

  paint(request: PaintRequest, options: PaintOptions = {}): Promise<PaintResult> {
    return new Promise<PaintResult>((resolve, reject) => {
      const call: Call = {
        request,
        options,
        finish: (result = fakeResult(request, this.bundle)) => {
          this.open.delete(call);
          resolve(result);
        },
        break: (error) => {
          this.open.delete(call);
          reject(error);
        },
      };
      this.calls.push(call);
      this.open.add(call);
      this.maxOpen = Math.max(this.maxOpen, this.open.size);
      options.signal?.addEventListener('abort', () => {
        if (this.letsGo) {
          setImmediate(() => call.break(new AbortedError()));
        }
      });
      this.#made.emit('call');
    });
  }

  /** The nth call, once it is made. */
  async call(index: number): Promise<Call> {
    for (;;) {
      const call = this.calls[index];
      if (call !== undefined) {
        return call;
      }
      await once(this.#made, 'call');
    }
  }
}
