import { loadConfig, resolveBundle } from '../config.js';
import { type Command, EXIT } from './command.js';
import { onlyArgument, parseFlags, wholeNumber } from './flags.js';
import { readPictureFile } from './inputs.js';
import { requireBundleFolder } from './paint.js';

export const describe: Command = {
  name: 'describe',
  summary: 'the phrases nearest to a picture',
  help: `Usage: tessera describe <image> [flags]

Prints the phrases whose CLIP embeddings are nearest to the picture's, best first, with their cosine similarity.

  --count N      phrases, 1 to 50 (default 5)
  --bundle DIR   model bundle (default: MODEL_BUNDLE, or models/emoji of this package)
  --json         print one JSON object: {image, bundle, phrases: [{text, fit}]}`,
  async run(args, terminal) {
    const { values, positionals } = parseFlags(args, {
      count: { type: 'string' },
      bundle: { type: 'string' },
      json: { type: 'boolean' },
    } as const);
    const count = wholeNumber(values.count, '--count', { min: 1, max: 50 }) ?? 5;
    const image = onlyArgument(positionals, 'a picture file');
    const config = loadConfig({ cwd: terminal.cwd });
    const bundleDir = values.bundle === undefined ? undefined : resolveBundle(values.bundle, terminal.cwd);
    await requireBundleFolder(bundleDir);
    const bytes = await readPictureFile(image, terminal.cwd);
    const { Pipeline } = await import('../pipeline/pipeline.js');
    const pipeline = await Pipeline.open({
      bundleDir: bundleDir ?? config.modelBundle,
      provider: config.executionProvider,
      threads: config.threadsPerWorker,
      signal: terminal.signal,
    });
    try {
      const phrases = await pipeline.describe(bytes, count);
      if (values.json) {
        terminal.stdout.write(`${JSON.stringify({ image, bundle: (await pipeline.summary()).name, phrases })}\n`);
      } else {
        for (const { text, fit } of phrases) {
          terminal.stdout.write(`${fit.toFixed(3)}  ${text}\n`);
        }
      }
      return EXIT.done;
    } finally {
      await pipeline.close();
    }
  },
};
