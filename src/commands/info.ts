import { type ChatInputCommandInteraction, version as libraryVersion, MessageFlags } from 'discord.js';
import { settingsOf } from '../actions/ask.js';
import { assertFinished, findJob } from '../actions/find-job.js';
import { askerOf } from '../discord/kit/asker-of.js';
import type { Command } from '../discord/kit/command.js';
import type { Context } from '../discord/kit/context.js';
import { textMessage } from '../discord/kit/job-message.js';
import { jobOption, readJobId, suggestKeptJobs } from '../discord/kit/job-option.js';
import { sourcesEmbed } from '../discord/kit/job-sources.js';
import { limitLines } from '../discord/kit/limit-lines.js';
import { slashCommand } from '../discord/kit/localise.js';
import { safeText, shorten } from '../discord/kit/safe-text.js';
import { effectiveLimits } from '../domain/limits.js';
import { translator } from '../i18n/index.js';

const MAX_FIELD_CHARS = 1024;

/** The model card in short, what applies to whoever asks, and what runs here; or what one job's pictures lean on. */
export const info = {
  data: slashCommand('info').addStringOption((o) => jobOption(o, 'info.job')),

  async execute(context, interaction) {
    const wanted = interaction.options.getString('job');
    await (wanted === null ? tellAbout(context, interaction) : tellSources(context, interaction, readJobId(wanted)));
  },

  autocomplete: suggestKeptJobs,
} as const satisfies Command;

async function tellSources(context: Context, interaction: ChatInputCommandInteraction, jobId: string): Promise<void> {
  const job = findJob(context.store, askerOf(interaction), jobId);
  assertFinished(job);
  const t = translator(interaction.locale);
  const embed = sourcesEmbed(job, t);
  const answer = embed === undefined ? textMessage(t('info.noSources', { job: job.id })) : { embeds: [embed] };
  await interaction.reply({ ...answer, flags: MessageFlags.Ephemeral });
}

async function tellAbout(context: Context, interaction: ChatInputCommandInteraction): Promise<void> {
  const asker = askerOf(interaction);
  const t = translator(interaction.locale);
  const model = await context.painter.summary();
  const limits = effectiveLimits(settingsOf(context.store, asker.guildId), asker.roleIds);
  const { temperature, topK, topP, guidanceScale, candidateCount } = model.sampling;
  const metrics = Object.entries(model.metrics).map(([name, value]) => `${name}: ${value}`);
  const fields = [
    { name: t('info.model'), value: `${model.name} ${model.version}`, inline: true },
    { name: t('info.licence'), value: safeText(model.licence, 200), inline: true },
    { name: t('info.size'), value: `${model.pictureSizePx} px`, inline: true },
    { name: t('info.styles'), value: model.styles.join(', ') || '—' },
    {
      name: t('info.sampling'),
      value: `temperature ${temperature} · top-k ${topK} · top-p ${topP} · guidance ${guidanceScale} · ${candidateCount} candidates`,
    },
    { name: t('info.metrics'), value: metrics.slice(0, 20).join('\n') || '—' },
    { name: t('info.limits'), value: limitLines(limits, t).join('\n') },
    {
      name: t('info.versions'),
      value: `Tessera ${context.version} · discord.js ${libraryVersion} · Node.js ${process.versions.node}`,
    },
  ];
  await interaction.reply({
    embeds: [
      { title: t('info.title'), fields: fields.map((f) => ({ ...f, value: shorten(f.value, MAX_FIELD_CHARS) })) },
    ],
    flags: MessageFlags.Ephemeral,
  });
}
