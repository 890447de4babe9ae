import { availableParallelism, cpus, loadavg } from 'node:os';
import { loadConfig, resolveBundle } from '../../config.js';
import type { ExecutionProvider } from '../../domain/execution-provider.js';
import { type Command, EXIT } from '../command.js';
import { noArguments, parseFlags, wholeNumber } from '../flags.js';
import { requireBundleFolder } from '../paint.js';
import { type BenchReport, formatReport } from './report.js';

export const bench: Command = {
  name: 'bench',
  summary: 'the benchmarks, ratios side by side in one run',
  help: `Usage: tessera bench [flags]

Four pictures warm and cold, the transformer step against the memory's speed, the event loop while a worker paints,
and the same work by the PyTorch training code where its environment is set up.

  --runs N       paintings to take the median of, 1 to 100 (default 5)
  --bundle DIR   model bundle (default: MODEL_BUNDLE, or models/emoji of this package)
  --json         print one JSON object`,
  async run(args, terminal) {
    const { values, positionals } = parseFlags(args, {
      runs: { type: 'string' },
      bundle: { type: 'string' },
      json: { type: 'boolean' },
    } as const);
    noArguments(positionals);
    const runs = wholeNumber(values.runs, '--runs', { min: 1, max: 100 }) ?? 5;
    const config = loadConfig({ cwd: terminal.cwd });
    const flagged = values.bundle === undefined ? undefined : resolveBundle(values.bundle, terminal.cwd);
    await requireBundleFolder(flagged);
    const report = await measure({
      bundleDir: flagged ?? config.modelBundle,
      provider: config.executionProvider,
      threads: config.threadsPerWorker,
      runs,
      tell: (what) => terminal.stderr.write(`${what} …\n`),
    });
    terminal.stdout.write(`${values.json ? JSON.stringify(report) : formatReport(report)}\n`);
    return EXIT.done;
  },
};

interface MeasureOptions {
  readonly bundleDir: string;
  readonly provider: ExecutionProvider;
  readonly threads: number;
  readonly runs: number;
  readonly tell: (what: string) => void;
}

/** One after the other, so that no measurement disturbs another. */
async function measure({ bundleDir, provider, threads, runs, tell }: MeasureOptions): Promise<BenchReport> {
  const { readManifest } = await import('../../pipeline/bundle/bundle.js');
  const { Pipeline } = await import('../../pipeline/pipeline.js');
  const { benchPaint } = await import('./paint-bench.js');
  const { benchCold } = await import('./cold-bench.js');
  const { benchFloor, graphBytes } = await import('./floor-bench.js');
  const { benchEventLoop } = await import('./event-loop-bench.js');
  const { benchTorch } = await import('./torch-bench.js');

  const loadBefore = loadavg()[0] ?? 0;
  const manifest = await readManifest(bundleDir);
  const { name, prior } = manifest;
  tell('memory');
  const floor = benchFloor(
    graphBytes(manifest, prior.step) + (prior.codesPerPosition - 1) * graphBytes(manifest, prior.depth),
  );
  tell('four pictures, warm');
  const pipeline = await Pipeline.open({ bundleDir, provider, threads });
  const warm = await benchPaint(pipeline, prior, runs).finally(() => pipeline.close());
  tell('four pictures, cold');
  const cold = await benchCold(bundleDir, Math.min(runs, 5));
  tell('event loop');
  const eventLoop = await benchEventLoop({ bundleDir, provider, threads }, runs);
  tell('PyTorch');
  const torch = await benchTorch({ bundleDir, threads, count: warm.sampling.candidateCount });
  const overOurs = (how: 'cached' | 'recomputed') =>
    'report' in torch ? (torch.report[how].totalSeconds * 1000) / warm.bestGenerateAndDecodeMs : null;
  return {
    bundle: name,
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: availableParallelism(),
      threads,
      node: process.versions.node,
    },
    loadBefore,
    warm,
    cold,
    floor,
    eventLoop,
    torch,
    ratios: {
      stepOverFloor: warm.positionMs / floor.floorMs,
      torchCachedOverOurs: overOurs('cached'),
      torchRecomputedOverOurs: overOurs('recomputed'),
    },
  };
}
