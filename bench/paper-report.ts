/** The figures of `paper.ts` as a table, each beside its aim. */
import type { FloorBench } from '../src/cli/bench/floor-bench.js';
import { formatTable, type Row, times } from '../src/cli/bench/table.js';
import type { Curves, FourPictures } from './paper-paint.js';

export interface Ours extends FourPictures {
  readonly name: string;
  /** Generating ÷ positions: the graph, the cache and the sampling of four rows, milliseconds. */
  readonly positionMs: number;
  readonly floor: FloorBench;
  /** Of the graphs that painting needs, as stored. */
  readonly weightBytes: number;
  readonly cacheBytes: number;
}

export interface TorchRun {
  readonly generateSeconds: number;
  readonly decodeSeconds: number;
  readonly totalSeconds: number;
  readonly peakBytes: number;
  /** Only a few prefix lengths were measured. */
  readonly extrapolated: boolean;
}

export interface WidthPoint {
  readonly width: number;
  readonly layers: number;
  readonly bytes: number;
  readonly stepMs: number;
}

export interface PaperReport {
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly threads: number;
    readonly loadBefore: number;
  };
  readonly decoderFloor: { readonly decoderFlops: number; readonly gemmFlopsPerSecond: number };
  readonly ours: readonly Ours[];
  readonly cached: TorchRun;
  readonly recomputed: TorchRun;
  readonly curves: Curves & { readonly bundle: string };
  readonly widths: readonly WidthPoint[];
}

/** Painted in every comparison. */
export const PICTURES = 4;
const seconds = (value: number) => `${value.toFixed(1)} s`;
const ms = (value: number) => `${value.toFixed(1)} ms`;
const mb = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;

export function formatPaper(report: PaperReport): string {
  const { machine, cached, recomputed, curves, widths } = report;
  const rows: readonly Row[] = [
    torchRow(recomputed, `PyTorch as published${recomputed.extrapolated ? ' (six lengths)' : ''}`),
    torchRow(cached, 'PyTorch with a cache'),
    ...report.ours.flatMap((ours) => ourRows(ours, report)),
    ...curves.pictures.map(
      ({ count, totalMs }): Row => [`${curves.bundle}, ${count} pictures`, seconds(totalMs / 1000), ''],
    ),
    ...curves.requests.map(
      ({ count, totalMs }): Row => [`${curves.bundle}, ${count} requests`, seconds(totalMs / 1000), ''],
    ),
    ...widths.map(
      ({ width, layers, stepMs, bytes }): Row => [`width ${width}, ${layers} layers`, ms(stepMs), mb(bytes)],
    ),
  ];
  const headline = `${machine.cpu}, ${machine.cores} cores, ${machine.threads} threads, load before ${machine.loadBefore.toFixed(1)}`;
  return formatTable([headline], rows);
}

function torchRow({ totalSeconds, generateSeconds, decodeSeconds, peakBytes }: TorchRun, name: string): Row {
  return [
    name,
    seconds(totalSeconds),
    `tokens ${seconds(generateSeconds)}, pixels ${seconds(decodeSeconds)}, peak ${mb(peakBytes)}`,
  ];
}

function ourRows(ours: Ours, { cached, recomputed, decoderFloor }: PaperReport): readonly Row[] {
  const { name, timings, positionMs, floor, peakBytes, weightBytes, cacheBytes } = ours;
  const total = timings.totalMs - timings.loadMs;
  const decodeFloorMs = (decoderFloor.decoderFlops / decoderFloor.gemmFlopsPerSecond) * 1000;
  const decodeMs = timings.decodeMs / PICTURES;
  const [published, kept] = [recomputed, cached].map((run) => (run.totalSeconds * 1000) / total);
  return [
    [
      `ours, ${name}`,
      seconds(total / 1000),
      `published ÷ ours ${times(published ?? 0)} (aim 30), cached ÷ ours ${times(kept ?? 0)} (aim 2)`,
    ],
    ['  words → embedding', ms(timings.encodeMs), ''],
    ['  tokens', ms(timings.generateMs), `the same alone and in company: ${ours.sameAlone ? 'yes' : 'NO'}`],
    ['  tokens → pixels → PNG', ms(timings.decodeMs), ''],
    ['  choosing by CLIP', ms(timings.rankMs), ''],
    [
      '  one position',
      ms(positionMs),
      `${times(positionMs / floor.floorMs)} of the floor ${ms(floor.floorMs)} (aim 2)`,
    ],
    [
      '  one picture decoded',
      ms(decodeMs),
      `${times(decodeMs / decodeFloorMs)} of the floor ${ms(decodeFloorMs)} (aim 2)`,
    ],
    [
      '  peak memory',
      mb(peakBytes),
      `${times(peakBytes / (weightBytes + cacheBytes))} of ${mb(weightBytes)} weights + ${mb(cacheBytes)} cache (aim 1.5)`,
    ],
  ];
}
