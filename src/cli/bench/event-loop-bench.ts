/** Whether the bot could answer Discord while its worker paints: delay of this process's event loop meanwhile. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { ProcessPainter, type WorkerOptions } from '../../painter/process/process-painter.js';
import { BENCH_PROMPT } from './paint-bench.js';

const RESOLUTION_MS = 1;

export interface EventLoopBench {
  readonly paintings: number;
  /** Time between two ticks of a 1 ms timer, milliseconds: 1 is no delay at all. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export async function benchEventLoop(options: WorkerOptions, paintings: number): Promise<EventLoopBench> {
  const worker = await ProcessPainter.start(options);
  const paint = (seed: number) =>
    worker.paint(
      { condition: { kind: 'text', prompt: BENCH_PROMPT }, count: 4, seed, previewEverySteps: 8 },
      { onProgress: () => {} },
    );
  try {
    await paint(0);
    const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    delays.enable();
    for (let seed = 1; seed <= paintings; seed++) {
      await paint(seed);
    }
    delays.disable();
    const ms = (nanoseconds: number) => nanoseconds / 1e6;
    return { paintings, p50Ms: ms(delays.percentile(50)), p99Ms: ms(delays.percentile(99)), maxMs: ms(delays.max) };
  } finally {
    await worker.close();
  }
}
