import type { Command } from '../discord/kit/command.js';
import { named, slashCommand } from '../discord/kit/localise.js';
import { paintFromUpload } from '../discord/kit/upload.js';
import { MAX_PICTURES, MAX_SEED } from '../domain/bounds.js';

/** Pictures from an uploaded picture's embedding. */
export const vary = {
  data: slashCommand('vary')
    .addAttachmentOption((o) => named(o, 'vary.image').setRequired(true))
    .addIntegerOption((o) => named(o, 'vary.count').setMinValue(1).setMaxValue(MAX_PICTURES))
    .addIntegerOption((o) => named(o, 'vary.seed').setMinValue(0).setMaxValue(MAX_SEED)),
  async execute(context, interaction) {
    const { options } = interaction;
    await paintFromUpload(context, interaction, options.getAttachment('image', true), {
      count: options.getInteger('count'),
      seed: options.getInteger('seed'),
    });
  },
} as const satisfies Command;
