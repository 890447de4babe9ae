/** The figures side by side, for people and for machines. */
import type { ColdBench } from './cold-bench.js';
import type { EventLoopBench } from './event-loop-bench.js';
import type { FloorBench } from './floor-bench.js';
import type { PaintBench } from './paint-bench.js';
import { formatTable, type Row, times } from './table.js';
import type { TorchBench } from './torch-bench.js';

export interface BenchReport {
  readonly bundle: string;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly threads: number; readonly node: string };
  /** One-minute load of the machine before the run; well above 0 means that others were at work, too. */
  readonly loadBefore: number;
  readonly warm: PaintBench;
  readonly cold: ColdBench;
  readonly floor: FloorBench;
  readonly eventLoop: EventLoopBench;
  readonly torch: TorchBench;
  readonly ratios: {
    /** Time of one position, one row, ÷ the floor: 1 is as fast as memory. */
    readonly stepOverFloor: number;
    /** Time of the PyTorch training code with a key/value cache ÷ ours, same pictures; null when it could not be run. */
    readonly torchCachedOverOurs: number | null;
    /** The same without a cache, as the published implementation works. */
    readonly torchRecomputedOverOurs: number | null;
  };
}

const ms = (value: number) => (value < 10 ? `${value.toFixed(2)} ms` : `${value.toFixed(0)} ms`);

/** Aims of the project, printed beside what was measured. */
export function formatReport(report: BenchReport): string {
  const { warm, cold, floor, eventLoop, torch, ratios, machine } = report;
  const { sampling, timings } = warm;
  const rows: readonly Row[] = [
    ['four pictures, warm', ms(timings.totalMs), 'aim ≤ 1000 ms'],
    ['  words → embedding', ms(timings.encodeMs), ''],
    ['  tokens', ms(timings.generateMs), `${warm.tokensPerSecond.toFixed(0)} tokens/s`],
    ['  tokens → pixels → PNG', ms(timings.decodeMs), ''],
    ['  choosing by CLIP', ms(timings.rankMs), ''],
    ['four pictures, cold', ms(cold.totalMs), 'aim ≤ 3000 ms, process start included'],
    ['one position, one row', ms(warm.positionMs), `${times(ratios.stepOverFloor)} of the floor, aim ≤ 3×`],
    ['  floor: weights ÷ copy', ms(floor.floorMs), floorNote(floor)],
    [
      'event loop meanwhile',
      `p99 ${ms(eventLoop.p99Ms)}`,
      `p50 ${ms(eventLoop.p50Ms)}, max ${ms(eventLoop.maxMs)}; aim p99 < 20 ms`,
    ],
    ...torchRows(torch, warm, ratios),
  ];
  const headline = [
    `${report.bundle} on ${machine.cpu}, ${machine.cores} cores, ${machine.threads} threads, Node ${machine.node}, load before ${report.loadBefore.toFixed(1)}`,
    `${sampling.candidateCount} candidates, guidance ${sampling.guidanceScale}, median of ${warm.runs} runs (cold: ${cold.runs})`,
  ];
  return formatTable(headline, rows);
}

function floorNote({ weightBytes, copyBytesPerSecond }: FloorBench): string {
  return `${(weightBytes / 1e6).toFixed(1)} MB at ${(copyBytesPerSecond / 1e9).toFixed(1)} GB/s`;
}

function torchRows(torch: TorchBench, warm: PaintBench, ratios: BenchReport['ratios']): readonly Row[] {
  if ('absentBecause' in torch) {
    return [['the same in PyTorch', 'not run', torch.absentBecause]];
  }
  const { report } = torch;
  const weights = report.trained ? '' : ', random weights of the same shapes';
  return [
    [`tokens and pixels of ${report.count}`, ms(warm.bestGenerateAndDecodeMs), 'ours, best run'],
    [
      '  PyTorch with a cache',
      ms(report.cached.totalSeconds * 1000),
      `${times(ratios.torchCachedOverOurs ?? Number.NaN)} our time (torch ${report.torch}, ${report.threads} threads${weights})`,
    ],
    [
      '  PyTorch, prefix again',
      ms(report.recomputed.totalSeconds * 1000),
      `${times(ratios.torchRecomputedOverOurs ?? Number.NaN)} our time, as the published implementation works`,
    ],
  ];
}
