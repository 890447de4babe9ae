import { MessageFlags } from 'discord.js';
import { askerOf } from '../discord/kit/asker-of.js';
import type { Command } from '../discord/kit/command.js';
import { slashCommand } from '../discord/kit/localise.js';
import { cancelControls } from '../discord/kit/rows.js';
import { translator } from '../i18n/index.js';

/** Own jobs that are listed. */
const MAX_LISTED = 15;

/** Own places, who is ahead (numbers only: names of other servers are nobody's business), and cancel. */
export const queue = {
  data: slashCommand('queue'),

  async execute(context, interaction) {
    const asker = askerOf(interaction);
    const t = translator(interaction.locale);
    const all = context.queue.snapshot();
    const isMine = (entry: (typeof all)[number]) => entry.userId === asker.userId && entry.guildId === asker.guildId;
    const mine = all.filter(isMine);
    const lines = [t('queue.total', { waiting: context.queue.waitingCount, active: context.queue.activeCount })];

    const first = mine[0];
    if (first === undefined) {
      lines.push(t('queue.none'));
    } else {
      const ahead = all.slice(0, all.indexOf(first));
      const elsewhere = ahead.filter((entry) => entry.guildId !== asker.guildId);
      const here = ahead.length - elsewhere.length;
      const servers = new Set(elsewhere.map((entry) => entry.guildId).filter((id) => id !== null)).size;
      lines.push(t('queue.ahead', { here, elsewhere: elsewhere.length, servers }));
    }
    for (const { jobId, place } of mine.slice(0, MAX_LISTED)) {
      const when = `<t:${Math.ceil((context.clock() + place.etaMs) / 1000)}:R>`;
      const isPainting = place.position === 0;
      lines.push(
        isPainting
          ? t('queue.painting', { job: jobId, when })
          : t('queue.waiting', { job: jobId, position: place.position, when }),
      );
    }
    await interaction.reply({
      embeds: [{ title: t('queue.title'), description: lines.join('\n') }],
      components: cancelControls(
        mine.slice(0, MAX_LISTED).map((entry) => entry.jobId),
        t,
      ),
      flags: MessageFlags.Ephemeral,
    });
  },
} as const satisfies Command;
