import { findJob } from '../actions/find-job.js';
import { assertMayShow } from '../actions/guards/guards.js';
import { DEFAULT_MAX_BYTES, renderJob } from '../actions/render-job.js';
import { askOf } from '../discord/kit/asker-of.js';
import type { Command } from '../discord/kit/command.js';
import {
  failedText,
  finishedMessage,
  paintingMessage,
  textMessage,
  waitingMessage,
} from '../discord/kit/job-message.js';
import { jobOption, readJobId, suggestKeptJobs } from '../discord/kit/job-option.js';
import { slashCommand } from '../discord/kit/localise.js';
import { sendFitting } from '../discord/kit/send-fitting.js';
import { mostPicturesPerPrompt } from '../domain/limits.js';
import { translator } from '../i18n/index.js';

/** Any job of this place again, decoded from its stored tokens. */
export const show = {
  data: slashCommand('show').addStringOption((o) => jobOption(o, 'show.job').setRequired(true)),

  async execute(context, interaction) {
    const ask = askOf(context.store, interaction);
    const job = findJob(context.store, ask.asker, readJobId(interaction.options.getString('job', true)));
    const t = translator(interaction.locale);
    if (job.status === 'failed') {
      return void (await interaction.reply(textMessage(failedText(job, t))));
    }
    if (job.status === 'cancelled') {
      return void (await interaction.reply(textMessage(t('job.cancelled', { job: job.id }))));
    }
    const place = context.queue.place(job.id);
    if (job.status !== 'completed') {
      const inReader = { ...job, origin: { ...job.origin, locale: interaction.locale } };
      const isWaiting = place !== undefined && place.position > 0;
      const message = isWaiting
        ? waitingMessage(inReader, place, context.clock())
        : paintingMessage(inReader, undefined);
      return void (await interaction.reply(message));
    }
    assertMayShow(ask.asker);
    context.quick.admit(ask);
    await interaction.deferReply();
    const maxPictures = mostPicturesPerPrompt(ask.settings);
    await sendFitting(
      job.id,
      interaction.attachmentSizeLimit ?? DEFAULT_MAX_BYTES,
      (maxBytes) => context.quick.run(ask.asker, () => renderJob(context.painter, job, maxBytes)),
      (picture) => interaction.editReply(finishedMessage(job, picture, t, maxPictures)),
    );
  },

  autocomplete: suggestKeptJobs,
} as const satisfies Command;
