import type { Command } from '../discord/kit/command.js';
import { named, slashCommand } from '../discord/kit/localise.js';
import { describeUpload } from '../discord/kit/upload.js';

/** The phrases nearest to an uploaded picture. */
export const describe = {
  data: slashCommand('describe').addAttachmentOption((o) => named(o, 'describe.image').setRequired(true)),
  async execute(context, interaction) {
    await describeUpload(context, interaction, interaction.options.getAttachment('image', true));
  },
} as const satisfies Command;
