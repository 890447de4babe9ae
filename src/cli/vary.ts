import { basename, extname } from 'node:path';
import type { Command } from './command.js';
import { onlyArgument, parseFlags } from './flags.js';
import { readPictureFile } from './inputs.js';
import { slug } from './output-folder.js';
import { PAINT_FLAGS, PAINT_FLAGS_HELP, paintToFiles, readPaintFlags } from './paint.js';

export const vary: Command = {
  name: 'vary',
  summary: 'paint pictures like a picture',
  help: `Usage: tessera vary <image> [flags]

Paints pictures from the CLIP embedding of a picture (PNG, JPEG, WebP or GIF).

${PAINT_FLAGS_HELP}`,
  async run(args, terminal) {
    const { values, positionals } = parseFlags(args, PAINT_FLAGS);
    const flags = readPaintFlags(values, terminal.cwd);
    const image = onlyArgument(positionals, 'a picture file');
    const bytes = await readPictureFile(image, terminal.cwd);
    const nameStem = `${slug(basename(image, extname(image)))}-varied`;
    return paintToFiles(
      { condition: { kind: 'image', bytes }, nameStem, about: { prompt: '', image } },
      flags,
      terminal,
    );
  },
};
