import type { Command } from './command.js';
import { onlyArgument, parseFlags } from './flags.js';
import { readPrompt } from './inputs.js';
import { slug } from './output-folder.js';
import { PAINT_FLAGS, PAINT_FLAGS_HELP, paintToFiles, readPaintFlags } from './paint.js';

const FLAGS = { ...PAINT_FLAGS, style: { type: 'string' } } as const;

export const imagine: Command = {
  name: 'imagine',
  summary: 'paint pictures from words',
  help: `Usage: tessera imagine "<prompt>" [flags]

Paints pictures from words. "-" as the prompt reads it from standard input; at most 1,000 characters.

  --style NAME      a style of the bundle; a wrong one names them all
${PAINT_FLAGS_HELP}`,
  async run(args, terminal) {
    const { values, positionals } = parseFlags(args, FLAGS);
    const flags = readPaintFlags(values, terminal.cwd);
    const prompt = await readPrompt(onlyArgument(positionals, 'a prompt'), terminal);
    const { style } = values;
    const condition = { kind: 'text', prompt, ...(style === undefined ? {} : { style }) } as const;
    return paintToFiles({ condition, nameStem: slug(prompt), about: { prompt } }, flags, terminal);
  },
};
