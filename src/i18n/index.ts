import { de } from './texts/de.js';
import { en } from './texts/en.js';
import { es } from './texts/es.js';
import { fr } from './texts/fr.js';
import { it } from './texts/it.js';
import { nl } from './texts/nl.js';
import { pl } from './texts/pl.js';
import { ptBr } from './texts/pt-br.js';

export type TextKey = keyof typeof en;

/** What every language file has to be: a missing key does not compile. */
export type Texts = Readonly<Record<TextKey, string>>;

type Placeholder<S extends string> = S extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Placeholder<Rest>
  : never;

type Parameters<K extends TextKey> = [Placeholder<(typeof en)[K]>] extends [never]
  ? []
  : [values: Readonly<Record<Placeholder<(typeof en)[K]>, string | number>>];

/** A text in one language; a key with placeholders asks for their values. */
export type Translate = <K extends TextKey>(key: K, ...values: Parameters<K>) => string;

/** A text whose language is chosen later, by whoever is told. */
export type LocalText = (t: Translate) => string;

/** Discord locale prefix → texts. Spanish of Spain and of Latin America share one; so do British and American English. */
export const LANGUAGES: Readonly<Record<string, Texts>> = { en, de, fr, es, 'pt-BR': ptBr, it, nl, pl };

/** The texts for a Discord locale such as `de`, `es-419` or `pt-BR`; English where we have none. */
export function translator(locale: string): Translate {
  const texts = languageOf(locale) ?? languageOf(locale.split('-')[0] ?? '') ?? en;
  return (key, ...values) => fill(texts[key], values[0] as Readonly<Record<string, string | number>> | undefined);
}

/** A locale comes from outside: `constructor` is not a language. */
function languageOf(name: string): Texts | undefined {
  return Object.hasOwn(LANGUAGES, name) ? LANGUAGES[name] : undefined;
}

function fill(text: string, values: Readonly<Record<string, string | number>> | undefined): string {
  if (values === undefined) {
    return text;
  }
  return text.replace(/\{(\w+)\}/g, (whole, name: string) =>
    String(Object.hasOwn(values, name) ? values[name] : whole),
  );
}
