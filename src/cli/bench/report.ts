/** The figures side by side, for people and for machines. */
import type { ColdBench } from './cold-bench.js';
import type { EventLoopBench } from './event-loop-bench.js';
import type { FloorBench } from './floor-bench.js';
import type { PaintBench } from './paint-bench.js';
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
    /** Time of the PyTorch training code ÷ ours; null when it could not be run. */
    readonly torchOverOurs: number | null;
  };
}

const ms = (value: number) => (value < 10 ? `${value.toFixed(2)} ms` : `${value.toFixed(0)} ms`);
const times = (value: number) => `${value.toFixed(2)}×`;

/** Aims of the project, printed beside what was measured. */
export function formatReport(report: BenchReport): string {
  const { warm, cold, floor, eventLoop, torch, ratios, machine } = report;
  const { sampling, timings } = warm;
  const rows: readonly (readonly [string, string, string])[] = [
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
    torchRow(torch, ratios.torchOverOurs),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const valueWidth = Math.max(...rows.map(([, value]) => value.length));
  return [
    `${report.bundle} on ${machine.cpu}, ${machine.cores} cores, ${machine.threads} threads, Node ${machine.node}, load before ${report.loadBefore.toFixed(1)}`,
    `${sampling.candidateCount} candidates, guidance ${sampling.guidanceScale}, median of ${warm.runs} runs (cold: ${cold.runs})`,
    '',
    ...rows.map(([name, value, note]) => `${name.padEnd(width)}  ${value.padStart(valueWidth)}  ${note}`.trimEnd()),
  ].join('\n');
}

function floorNote({ weightBytes, copyBytesPerSecond }: FloorBench): string {
  return `${(weightBytes / 1e6).toFixed(1)} MB at ${(copyBytesPerSecond / 1e9).toFixed(1)} GB/s`;
}

function torchRow(torch: TorchBench, ratio: number | null): readonly [string, string, string] {
  if ('absentBecause' in torch) return ['the same in PyTorch', 'not run', torch.absentBecause];
  return ['the same in PyTorch', ms(torch.report.totalMs), `${times(ratio ?? Number.NaN)} of our time`];
}
