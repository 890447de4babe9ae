import { MAX_SEED } from '../actions/request-job.js';
import type { Command } from '../discord/kit/command.js';
import { MAX_PICTURES } from '../discord/kit/custom-id.js';
import { named, slashCommand } from '../discord/kit/localise.js';
import { varyUpload } from '../discord/kit/upload.js';
import { readCount, readSeed } from './imagine.js';

/** Pictures from an uploaded picture's embedding. */
export const vary = {
  data: slashCommand('vary')
    .addAttachmentOption((o) => named(o, 'vary.image').setRequired(true))
    .addIntegerOption((o) => named(o, 'vary.count').setMinValue(1).setMaxValue(MAX_PICTURES))
    .addIntegerOption((o) => named(o, 'vary.seed').setMinValue(0).setMaxValue(MAX_SEED)),
  async execute(context, interaction) {
    const upload = interaction.options.getAttachment('image', true);
    await varyUpload(context, interaction, upload, {
      count: readCount(context, interaction),
      seed: readSeed(interaction),
    });
  },
} as const satisfies Command;
