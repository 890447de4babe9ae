import { askerOf } from '../controls/asker-of.js';
import { findJob, isVisible } from '../controls/find-job.js';
import { failedText, finishedMessage, paintingMessage, textMessage, waitingMessage } from '../controls/job-message.js';
import { LocalError } from '../controls/local-error.js';
import { DEFAULT_MAX_BYTES, renderJob } from '../controls/render-job.js';
import { visibleText } from '../controls/safe-text.js';
import { sendFitting } from '../controls/send-fitting.js';
import { guardPermissions, settingsOf } from '../guards/guards.js';
import { mostPicturesPerPrompt } from '../guards/limits.js';
import { translator } from '../i18n/index.js';
import type { Command } from './command.js';
import { named, slashCommand } from './localise.js';
import { suggest } from './suggest.js';

/** Kept jobs that are looked through for suggestions. */
const MAX_KEPT = 100;

/** Any job of this place again, decoded from its stored tokens. */
export const show = {
  data: slashCommand('show').addStringOption((o) =>
    named(o, 'show.job').setRequired(true).setMinLength(1).setMaxLength(40).setAutocomplete(true),
  ),

  async execute(context, interaction) {
    const asker = askerOf(interaction);
    const job = findJob(context.store, asker, readJobId(interaction.options.getString('job', true)));
    const t = translator(interaction.locale);
    if (job.status === 'failed') return void (await interaction.reply(textMessage(failedText(job, t))));
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
    const refusal = guardPermissions(asker);
    if (refusal !== undefined) throw new LocalError('refused', refusal);
    await interaction.deferReply();
    const maxPictures = mostPicturesPerPrompt(settingsOf(context.store, asker.guildId));
    await sendFitting(
      job.id,
      interaction.attachmentSizeLimit ?? DEFAULT_MAX_BYTES,
      (maxBytes) => renderJob(context.painter, job, maxBytes),
      (picture) => interaction.editReply(finishedMessage(job, picture, t, maxPictures)),
    );
  },

  async autocomplete(context, interaction) {
    const asker = askerOf(interaction);
    const typed = interaction.options.getFocused().toLowerCase();
    const kept = context.store.keeps
      .list(asker.userId, MAX_KEPT)
      .map(({ jobId }) => context.store.jobs.get(jobId))
      .filter((job) => job !== undefined)
      .filter((job) => isVisible(job, asker))
      .map((job) => ({ name: `${job.id} · ${visibleText(job.prompt)}`, value: job.id }))
      .filter(({ name }) => name.toLowerCase().includes(typed));
    await suggest(interaction, [...new Map(kept.map((one) => [one.value, one])).values()]);
  },
} as const satisfies Command;

/** Ids are read aloud and copied with decoration: case, backticks and spaces do not matter, and O is 0. */
function readJobId(text: string): string {
  return text
    .toUpperCase()
    .replace(/[^0-9A-Z]/g, '')
    .replace(/O/g, '0')
    .replace(/[IL]/g, '1');
}
