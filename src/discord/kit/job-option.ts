/** The option that names a job: how it is registered, read, and suggested. */
import type { AutocompleteInteraction, SlashCommandStringOption } from 'discord.js';
import { isVisible } from '../../actions/find-job.js';
import type { CommandKey } from '../../i18n/commands/index.js';
import { askerOf } from './asker-of.js';
import type { Context } from './context.js';
import { named } from './localise.js';
import { visibleText } from './safe-text.js';
import { suggest } from './suggest.js';

/** Kept jobs that are looked through for suggestions. */
const MAX_KEPT = 100;

/** An id is shorter; the rest is room for decoration, which `readJobId` takes off. */
export function jobOption(option: SlashCommandStringOption, key: CommandKey): SlashCommandStringOption {
  return named(option, key).setMinLength(1).setMaxLength(40).setAutocomplete(true);
}

/** Ids are read aloud and copied with decoration: case, backticks and spaces do not matter, and O is 0. */
export function readJobId(text: string): string {
  return text
    .toUpperCase()
    .replace(/[^0-9A-Z]/g, '')
    .replace(/O/g, '0')
    .replace(/[IL]/g, '1');
}

/** Suggests the jobs that the member kept and may see here. */
export async function suggestKeptJobs(context: Context, interaction: AutocompleteInteraction): Promise<void> {
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
}
