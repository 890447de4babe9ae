// Paints many prompts with one loaded bundle: `tessera imagine`, but for who measures hundreds of them.
//
//   node scripts/imagine-lines.mjs [bundle]
//
// Reads one JSON array of imagine's own arguments a line (prompt first), writes the files as imagine would, and answers each
// line with {"images": [{"path", "seed", "fit"}], "words", "timings"} or {"error"}.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseFlags } from '../dist/cli/flags.js';
import { PAINT_FLAGS, readPaintFlags } from '../dist/cli/paint.js';
import { Pipeline } from '../dist/pipeline/pipeline.js';

const bundleDir = resolve(process.argv[2] ?? join(import.meta.dirname, '..', 'models', 'emoji'));
const pipeline = await Pipeline.open({ bundleDir, provider: 'cpu', threads: 0 });

async function imagine([prompt, ...flagWords]) {
  const flags = readPaintFlags(parseFlags(flagWords, PAINT_FLAGS).values, process.cwd());
  const condition = { kind: 'text', prompt };
  const result = await pipeline.paint({ condition, count: flags.count, seed: flags.seed, sampling: flags.sampling });
  mkdirSync(flags.out, { recursive: true });
  const images = result.pictures.map(({ seed, fit, png }) => {
    const path = resolve(flags.out, `${seed}.png`);
    writeFileSync(path, png);
    return { path, seed, fit };
  });
  return { images, words: result.words, timings: result.timings };
}

for await (const line of createInterface({ input: process.stdin })) {
  const answer = await imagine(JSON.parse(line)).catch((error) => ({ error: error.message }));
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await pipeline.close();
