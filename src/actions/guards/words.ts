import {
  DataSet,
  englishDataset,
  englishRecommendedTransformers,
  parseRawPattern,
  RegExpMatcher,
  resolveConfusablesTransformer,
  resolveLeetSpeakTransformer,
  toAsciiLowerCaseTransformer,
} from 'obscenity';

/** Servers whose matchers are kept; the oldest goes first. */
const MAX_CACHED_LISTS = 500;

/** Finds words that are not allowed, through l33t, look-alike letters, zero-width marks and s p a c i n g. */
export interface WordFilter {
  /**
   * The offending piece of a prompt as it was typed, or undefined.
   * @param list a server's own words; an entry that starts with `-` allows that word there instead.
   */
  find(prompt: string, list: readonly string[]): string | undefined;
}

export function createWordFilter(): WordFilter {
  const cache = new Map<string, Matchers>();
  const english = englishMatcherOf();
  return {
    find(prompt, list) {
      const key = JSON.stringify(list);
      let matchers = cache.get(key);
      if (matchers === undefined) {
        matchers = compile(list, english);
        if (cache.size >= MAX_CACHED_LISTS) {
          cache.delete(cache.keys().next().value ?? '');
        }
        cache.set(key, matchers);
      }
      const plain = stripMarks(prompt);
      return (
        firstMatch([matchers.general, ...matchers.own], [plain]) ??
        firstMatch([matchers.general, ...matchers.ownAnywhere], spelledOut(plain)) ??
        // Only a server's own words: in the general list a hyphen is what keeps innocent words apart.
        firstMatch(matchers.own, [dropSeparators(plain)])
      );
    },
  };
}

interface Matchers {
  readonly general: RegExpMatcher;
  readonly own: readonly RegExpMatcher[];
  /** The same without word boundaries: where single letters stand, words have none. */
  readonly ownAnywhere: readonly RegExpMatcher[];
}

/** What a text has of these, as it was typed. */
function firstMatch(matchers: readonly RegExpMatcher[], texts: readonly string[]): string | undefined {
  for (const text of texts) {
    const folded = foldCase(text);
    for (const matcher of matchers) {
      const [match] = matcher.getAllMatches(folded, true);
      if (match !== undefined) {
        // Where folding made it longer, the folded piece has to do.
        const shown = folded.length === text.length ? text : folded;
        return shown.slice(match.startIndex, match.endIndex + 1);
      }
    }
  }
  return undefined;
}

/** Of any script, as Unicode folds it: Банан is банан, STRASSE is straße. */
function foldCase(text: string): string {
  return text.toLowerCase().replaceAll('ß', 'ss');
}

/** NFKC folds full-width and stylised letters; marks that nobody sees (zero-width, bidi, combining) are dropped. */
function stripMarks(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/[\p{Mn}\p{Me}\p{Cf}]/gu, '')
    .normalize('NFKC');
}

/** What was spelled letter by letter, together: `a f o x` and `a.f.o.x` give `afox`. */
function spelledOut(text: string): string[] {
  const runs =
    text.match(/(?<![\p{L}\p{N}])(?:[\p{L}\p{N}@$!|][\s._\-*~'`·]+){2,}[\p{L}\p{N}@$!|](?![\p{L}\p{N}])/gu) ?? [];
  return runs.map((run) => run.replace(/[\s._\-*~'`·]+/g, ''));
}

/** `pine-apple` becomes `pineapple`. */
function dropSeparators(text: string): string {
  return text.replace(/(?<=[\p{L}\p{N}])[._\-*~'`·]+(?=[\p{L}\p{N}])/gu, '');
}

/** The general list, with words that a server allows. Built once where it allows none: that takes milliseconds. */
function englishMatcherOf(): (allowed: readonly string[]) => RegExpMatcher {
  const english = new DataSet<{ originalWord: string }>().addAll(englishDataset).build();
  const build = (allowed: readonly string[]) =>
    new RegExpMatcher({
      ...english,
      ...englishRecommendedTransformers,
      whitelistedTerms: [...(english.whitelistedTerms ?? []), ...allowed],
    });
  const unchanged = build([]);
  return (allowed) => (allowed.length === 0 ? unchanged : build(allowed));
}

function compile(list: readonly string[], english: (allowed: readonly string[]) => RegExpMatcher): Matchers {
  const allowed = list.filter((word) => word.startsWith('-')).map((word) => foldCase(stripMarks(word.slice(1))));
  const blocked = list.filter((word) => !word.startsWith('-'));
  const whitelistMatcherTransformers = englishRecommendedTransformers.whitelistMatcherTransformers ?? [];
  const general = english(allowed);
  const ownMatchers = (patternOf: (word: string) => string) =>
    // Twice: digits may be letters in disguise (f0x) or part of the word (mp3), and only one reading fits each word.
    [PLAIN_TRANSFORMERS, LEET_TRANSFORMERS].map((transformers) => {
      const words = [...new Set(blocked.map((word) => fold(word, transformers)))].filter((word) => /[^*]/.test(word));
      return new RegExpMatcher({
        blacklistedTerms: words.map((word, id) => ({ id, pattern: parseRawPattern(patternOf(word)) })),
        whitelistedTerms: allowed,
        blacklistMatcherTransformers: [...transformers],
        whitelistMatcherTransformers,
      });
    });
  return { general, own: ownMatchers(toPattern), ownAnywhere: ownMatchers((word) => literalOf(word)) };
}

const PLAIN_TRANSFORMERS = [resolveConfusablesTransformer(), toAsciiLowerCaseTransformer()] as const;
const LEET_TRANSFORMERS = [
  resolveConfusablesTransformer(),
  resolveLeetSpeakTransformer(),
  toAsciiLowerCaseTransformer(),
] as const;

/** A word as the matcher sees the text, so that both sides went through the same transformers. */
function fold(
  word: string,
  transformers: readonly { readonly transform?: (char: number) => number | undefined }[],
): string {
  let folded = '';
  for (const letter of foldCase(stripMarks(word.trim()))) {
    let code: number | undefined = letter.codePointAt(0);
    for (const { transform } of transformers) {
      code = code === undefined ? code : transform?.(code);
    }
    if (code !== undefined) {
      folded += String.fromCodePoint(code);
    }
  }
  return folded;
}

/** Whole words only, unless the moderator wrote a `*` at an end. Boundaries exist beside ASCII letters alone. */
function toPattern(word: string): string {
  const core = word.replace(/^\*+|\*+$/g, '');
  const start = !word.startsWith('*') && /^\w/.test(core) ? '|' : '';
  const end = !word.endsWith('*') && /\w$/.test(core) ? '|' : '';
  return `${start}${literalOf(word)}${end}`;
}

function literalOf(word: string): string {
  return word.replace(/^\*+|\*+$/g, '').replace(/[\\[\]?|]/g, '\\$&');
}
