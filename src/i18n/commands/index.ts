import { de } from './de.js';
import { en } from './en.js';
import { es } from './es.js';
import { fr } from './fr.js';
import { it } from './it.js';
import { nl } from './nl.js';
import { pl } from './pl.js';
import { ptBr } from './pt-br.js';

export type CommandKey = keyof typeof en;

/** Name (lower case, at most 32 characters) and description (at most 100) of every command, subcommand, option, choice. */
export type CommandTexts = Readonly<Record<CommandKey, readonly [name: string, description: string]>>;

/** Keyed by Discord's own locale names. */
const BY_LOCALE = {
  'en-US': en,
  de,
  fr,
  'es-ES': es,
  'es-419': es,
  'pt-BR': ptBr,
  it,
  nl,
  pl,
} as const satisfies Record<string, CommandTexts>;

export type CommandLocale = keyof typeof BY_LOCALE;

/** Every locale that is sent to Discord beside the default, which is English. */
export const COMMAND_LANGUAGES = (Object.keys(BY_LOCALE) as CommandLocale[]).filter((locale) => locale !== 'en-US');

export function commandTexts(locale: CommandLocale): CommandTexts {
  return BY_LOCALE[locale];
}
