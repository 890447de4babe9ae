import type { Command } from './command.js';
import { onlyArgument } from './flags.js';
import { readPrompt } from './inputs.js';
import { slug } from './output-folder.js';
import { PAINT_FLAGS_HELP, paintToFiles, parsePaintFlags } from './paint.js';

export const imagine: Command = {
  name: 'imagine',
  summary: 'paint pictures from words',
  help: `Usage: tessera imagine "<prompt>" [flags]

Paints pictures from words. "-" as the prompt reads it from standard input; at most 1,000 characters.

${PAINT_FLAGS_HELP}`,
  async run(args, terminal) {
    const { flags, positionals } = parsePaintFlags(args, terminal.cwd);
    const prompt = await readPrompt(onlyArgument(positionals, 'a prompt'), terminal);
    const condition = { kind: 'text', prompt } as const;
    return paintToFiles({ condition, nameStem: slug(prompt), about: { prompt } }, flags, terminal);
  },
};
