import type { AutocompleteInteraction } from 'discord.js';
import { shorten } from './safe-text.js';

const MAX_SUGGESTIONS = 25;
const MAX_NAME_CHARS = 100;

/** Answers an autocomplete within Discord's bounds. */
export async function suggest(
  interaction: AutocompleteInteraction,
  choices: readonly { readonly name: string; readonly value: string }[],
): Promise<void> {
  await interaction.respond(
    choices
      .slice(0, MAX_SUGGESTIONS)
      .filter(({ value }) => value.length > 0 && value.length <= MAX_NAME_CHARS)
      .map(({ name, value }) => ({ name: shorten(name, MAX_NAME_CHARS) || value, value })),
  );
}
