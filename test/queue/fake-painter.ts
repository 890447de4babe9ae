import { setTimeout as delay } from 'node:timers/promises';
import { AbortedError } from '../../src/domain/errors.js';
import type { BundleSummary, Painter, PaintOptions, PaintRequest, PaintResult } from '../../src/painter/painter.js';

export const fakeSampling = { temperature: 1, topK: 256, topP: 0.95, guidanceScale: 2, candidateCount: 8 };

export function fakeResult(request: PaintRequest): PaintResult {
  return {
    embedding: Float32Array.of(0.6, 0.8),
    sampling: { ...fakeSampling, ...request.sampling },
    pictures: Array.from({ length: request.count }, (_, index) => ({
      seed: request.seed + index,
      imageTokens: Uint16Array.of(request.seed % 65_536, index, 65_535),
      fit: 0.5 - index / 100,
      png: Uint8Array.of(137, 80, 78, 71, index),
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

/** A painter whose every call the test ends by hand. Aborting works only `abortAfterMs` later, as with a real one. */
export class FakePainter implements Pick<Painter, 'paint' | 'summary'> {
  readonly calls: Call[] = [];
  readonly open = new Set<Call>();
  maxOpen = 0;
  bundle = 'emoji';
  /** null: it never lets go by itself. */
  abortAfterMs: number | null = 5;

  async summary(): Promise<BundleSummary> {
    return {
      id: this.bundle,
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
        finish: (result = fakeResult(request)) => {
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
        if (this.abortAfterMs !== null) setTimeout(() => call.break(new AbortedError()), this.abortAfterMs);
      });
    });
  }

  /** The nth call, once it is made. */
  async call(index: number): Promise<Call> {
    for (let waitedMs = 0; waitedMs < 5000; waitedMs += 2) {
      const call = this.calls[index];
      if (call !== undefined) return call;
      await delay(2);
    }
    throw new Error(`Paint call ${index} was never made; there were ${this.calls.length}.`);
  }
}
