/** A prompt → the scene it asks for. */

import type { MemoryThing } from '../memory/memory.js';
import { backgroundOf, type Clause, clausesOf, type Described, describe } from './clauses.js';
import { Dictionary } from './dictionary.js';
import { EmojiTable, markedThing } from './emoji.js';
import { ARTICLES, EVERYDAY, FACE_WORDS, FEELINGS } from './lexicon.js';
import type { PhraseVectors } from './phrase-vectors.js';
import { type ColourName, MAX_COUNT, MAX_PARTS, type Relation, type Scene, type ScenePart } from './scene.js';
import { wordsOf } from './text.js';
import { ThingRanking } from './thing-ranking.js';

export interface PromptReaderOptions {
  readonly things: readonly MemoryThing[];
  /** Sentence vectors of the things' English phrases, in the order of docs/bundle-format.md. */
  readonly vectors: PhraseVectors;
  /** Unit sentence vectors, one a text. */
  readonly encode: (texts: readonly string[]) => Promise<readonly Float32Array[]>;
  /** Names of the styles that may be asked for. */
  readonly styles: readonly string[];
}

/** Below this a phrase is like nothing that is remembered; chosen on nonsense and on everyday nouns. */
const UNDERSTOOD = 0.62;
/** Share of a foreign phrase's words that the dictionary must account for. */
const COVERED = 0.5;
/** The same where an article tells that the words are foreign. */
const COVERED_SURELY_FOREIGN = 0.3;
const COLOURED_NAME = 0.88;
/** What the last word alone may say of a phrase that is understood as a whole. */
const HEAD_WEIGHT = 0.6;
/** What is longer than this is read no further: nobody asks for that many things. */
const MAX_CLAUSES = 8;
const WORN = /(^| )(hat|cap|crown|glasses|sunglasses|goggles|helmet|headphone)$/;
/** Keywords of what has a face of its own already, or none that a smile would suit. */
const HAS_FACE = /(^| )(face|animal|person|people|adult|human|man|woman|boy|girl|baby|hand)( |$)/;

/** One part while it is read. */
interface Draft {
  readonly relation: Relation | 'with';
  readonly words: string;
  readonly things: readonly number[];
  readonly count: number;
  readonly colour: ColourName | undefined;
  readonly feeling: string | undefined;
  readonly isEmoji: boolean;
  /** Nothing but a feeling and the word face. */
  readonly isFaceOnly: boolean;
}

export class PromptReader {
  private readonly dictionary: Dictionary;
  private readonly emoji: EmojiTable;
  private readonly ranking: ThingRanking;
  private readonly byLabel: ReadonlyMap<string, number>;

  constructor(private readonly options: PromptReaderOptions) {
    this.dictionary = new Dictionary(options.things);
    this.emoji = new EmojiTable(options.things);
    this.ranking = new ThingRanking(options.things, options.vectors);
    this.byLabel = new Map(options.things.map(({ label }, index) => [label, index]));
  }

  /** Never throws, whatever the prompt is. */
  async read(prompt: string): Promise<Scene> {
    const { text, style } = this.takeStyle(prompt);
    const marked = this.emoji.mark(text);
    const clauses = this.joinNames(clausesOf(marked.text).flatMap(apartFromEmoji)).slice(0, MAX_CLAUSES);
    const backgrounds = clauses.map(({ words }) => backgroundOf(words));
    const wanted = clauses.filter((_, index) => backgrounds[index] === undefined);
    const background = backgrounds.find((colour) => colour !== undefined);
    const drafts = (await this.draftsOf(wanted)).map((draft) => ({ ...draft, words: this.asWritten(draft.words) }));
    const known = drafts.filter(({ things }) => things.length > 0);
    const unknown = drafts.filter(({ things }) => things.length === 0).map(({ words }) => words);
    return {
      ...this.sceneOf(merged(known)),
      ...(background === undefined ? {} : { background }),
      ...(style === undefined ? {} : { style }),
      words: { understood: known.map(({ words }) => words), unknown: [...unknown, ...marked.unknown] },
    };
  }

  /** Marks become emoji again. */
  private asWritten(words: string): string {
    return words
      .split(' ')
      .map((word) => {
        const thing = markedThing(word);
        return thing === undefined ? word : (this.options.things[thing]?.emoji ?? word);
      })
      .join(' ');
  }

  /** ", 3d style", "in flat style", "noto style fox", or a style's name behind the last comma. */
  private takeStyle(prompt: string): { text: string; style?: string } {
    const words = prompt.split(/(\s+|,)/);
    const lower = words.map((word) => word.toLowerCase());
    for (const style of this.options.styles) {
      for (let at = lower.indexOf(style); at >= 0; at = lower.indexOf(style, at + 1)) {
        const next = lower.slice(at + 1).findIndex((word) => word.trim() !== '');
        const isNamed = next >= 0 && /^(style|styled|stil|estilo|stile)$/.test(lower[at + 1 + next] ?? '');
        const before = lower.slice(0, at).filter((word) => word.trim() !== '');
        const isLast = next < 0 && before.at(-1) === ',';
        if (!isNamed && !isLast) continue;
        const start =
          before.at(-1) === 'in' || before.at(-1) === ',' ? lower.lastIndexOf(before.at(-1) as string, at) : at;
        const end = isNamed ? at + 2 + next : at + 1;
        const text = [...words.slice(0, start), ' ', ...words.slice(end)].join('');
        return text.trim() === '' ? { text: prompt } : { text, style };
      }
    }
    return { text: prompt };
  }

  /** Puts clauses together again whose words are one thing's name: "cloud with lightning". */
  private joinNames(clauses: readonly Clause[]): readonly Clause[] {
    const joined: Clause[] = [];
    for (const clause of clauses) {
      const before = joined.at(-1);
      const words = before && clause.joint !== ',' ? [...before.words, clause.joint, ...clause.words] : [];
      const isName = words.length > 0 && this.dictionary.named(describeName(words)).length > 0;
      if (before !== undefined && isName) joined.splice(-1, 1, { ...before, words });
      else joined.push(clause);
    }
    return joined;
  }

  /** Finds the thing of each clause; what no dictionary has is compared by meaning, all in one batch. */
  private async draftsOf(clauses: readonly Clause[]): Promise<readonly Draft[]> {
    const open = clauses.map((clause) => {
      const described = describe(clause.words);
      return { clause, described, known: this.lookUp(clause, described) };
    });
    const phrases = open.flatMap(({ known, described }) => (known === undefined ? phrasesOf(described) : []));
    const vectors = await this.options.encode([...new Set(phrases)]);
    const meanings = new Map([...new Set(phrases)].map((phrase, i) => [phrase, vectors[i] ?? new Float32Array()]));
    return open.map(({ clause, described, known }) => {
      const { things, isWhole } = known ?? this.byMeaning(described, meanings);
      return {
        relation: clause.relation,
        words: clause.words.join(' '),
        things,
        count: Math.min(MAX_COUNT, described.count),
        colour: isWhole ? undefined : described.colour,
        feeling: feelingOf(described, this.options.things[things[0] ?? -1]?.label),
        isFaceOnly: described.bare.every((word) => FEELINGS.has(word) || FACE_WORDS.has(word)),
        isEmoji: clause.words.some((word) => markedThing(word) !== undefined),
      };
    });
  }

  /** By name; `isWhole`: the name holds the colour already ("red apple"). */
  private lookUp(clause: Clause, described: Described): { things: readonly number[]; isWhole: boolean } | undefined {
    const { withColour, bare, count } = described;
    const marked = withColour.map(markedThing).find((thing) => thing !== undefined);
    if (marked !== undefined) return { things: [marked], isWhole: false };
    const isForeign = clause.words.some((word) => ARTICLES.has(word));
    if (!isForeign) {
      const whole = this.dictionary.named(describeName(clause.words));
      if (whole.length > 0) return { things: whole, isWhole: true };
      const coloured = this.dictionary.named(withColour);
      if (coloured.length > 0) return { things: coloured, isWhole: true };
    }
    const isEnglish = !isForeign && this.dictionary.isEnglish(withColour);
    // A name that holds the colour says more than one that does not: "blaues Herz" is no red heart in blue.
    const foreign = (words: readonly string[]) => this.dictionary.lookUp(words.join(' '), count > 1);
    const coloured = isEnglish ? undefined : foreign(withColour);
    if (coloured !== undefined && withColour.length > bare.length && coloured.score > COLOURED_NAME)
      return { things: coloured.things, isWhole: true };
    const everyday = EVERYDAY.get(bare.join(' '));
    if (everyday !== undefined) {
      const things = this.dictionary.named(wordsOf(everyday));
      if (things.length > 0) return this.withColourOf(described, things);
    }
    const named = isForeign ? [] : this.dictionary.named(bare);
    if (named.length > 0) return { things: named, isWhole: false };
    if (coloured === undefined) return undefined;
    const covered = isForeign ? COVERED_SURELY_FOREIGN : COVERED;
    const found = foreign(bare);
    if (found.score >= covered) return this.withColourOf(described, found.things);
    if (coloured.score >= covered) return { things: coloured.things, isWhole: true };
    const last = this.dictionary.named(bare);
    return last.length > 0 ? { things: last, isWhole: false } : undefined;
  }

  /** Of things that are as good, those that have the colour by name: "rote Äpfel" are red apples and not green ones. */
  private withColourOf(
    { colour }: Described,
    things: readonly number[],
  ): { things: readonly number[]; isWhole: boolean } {
    const named = things.filter(
      (thing) => colour !== undefined && wordsOf(this.options.things[thing]?.label ?? '').includes(colour),
    );
    return named.length > 0 ? { things: named, isWhole: true } : { things, isWhole: false };
  }

  private byMeaning(
    described: Described,
    meanings: ReadonlyMap<string, Float32Array>,
  ): { things: readonly number[]; isWhole: boolean } {
    const head = headOf(described);
    const ranked = phrasesOf(described).map((phrase) => {
      const vector = meanings.get(phrase) ?? new Float32Array();
      const { things, score } = this.ranking.rank(vector);
      return { things, score: score * (phrase === head ? HEAD_WEIGHT : 1) };
    });
    const best = ranked.reduce((a, b) => (b.score > a.score ? b : a), { things: [] as readonly number[], score: 0 });
    if (best.score < UNDERSTOOD) return { things: [], isWhole: false };
    const name = this.options.things[best.things[0] ?? -1]?.label ?? '';
    const hasColour = described.colour !== undefined && wordsOf(name).includes(described.colour);
    return { things: best.things, isWhole: hasColour };
  }

  private sceneOf(drafts: readonly Draft[]): Pick<Scene, 'parts' | 'relation'> {
    const parts: ScenePart[] = [];
    let relation: Relation = 'beside';
    for (const draft of this.hatsLast(drafts)) {
      const last = parts.at(-1);
      if (
        last !== undefined &&
        this.isWorn(draft.things) &&
        (draft.relation !== 'beside' || draft.isEmoji || last.wears !== undefined)
      ) {
        parts.splice(-1, 1, { ...last, wears: [...(last.wears ?? []), ...draft.things.slice(0, 1)] });
        continue;
      }
      if (last !== undefined && draft.isFaceOnly && draft.relation !== 'beside') {
        const face = this.byLabel.get(draft.feeling ?? '');
        parts.splice(-1, 1, face === undefined ? last : { ...last, face: [face] });
        continue;
      }
      if (parts.length === MAX_PARTS) continue;
      if (last !== undefined) relation = draft.relation === 'with' ? 'holding' : draft.relation;
      parts.push(this.partOf(draft));
    }
    return { parts, relation };
  }

  /** "👑🐸" is the frog that wears the crown, in whichever order they were typed. */
  private hatsLast(drafts: readonly Draft[]): readonly Draft[] {
    const [first, second, ...others] = drafts;
    if (first === undefined || second === undefined || !first.isEmoji || !second.isEmoji) return drafts;
    return this.isWorn(first.things) && !this.isWorn(second.things) ? [second, first, ...others] : drafts;
  }

  private partOf({ words, things, count, colour, feeling }: Draft): ScenePart {
    const thing = this.options.things[things[0] ?? -1];
    const face = feeling === undefined ? undefined : this.byLabel.get(feeling);
    const hasOwn = thing !== undefined && HAS_FACE.test((thing.phrases.en ?? []).join(' '));
    return {
      words,
      things,
      count,
      ...(colour === undefined ? {} : { colour }),
      ...(face === undefined || hasOwn ? {} : { face: [face] }),
    };
  }

  private isWorn(things: readonly number[]): boolean {
    return WORN.test(this.options.things[things[0] ?? -1]?.label ?? '');
  }
}

/** What a name is compared by: no articles, no carriers, everything else as it stands. */
function describeName(words: readonly string[]): readonly string[] {
  return wordsOf(words.join(' ').replace(/^(an?|the) /, ''));
}

/** The phrases of a clause that are compared by meaning: all of it, without its colour or feeling, and its head. */
function phrasesOf(described: Described): readonly string[] {
  const { withColour, bare } = described;
  const felt = withoutFeelings(bare);
  // What is happy, or green, is first of all what it is.
  const wholes = felt.length < bare.length ? [felt] : withColour.length > bare.length ? [bare] : [withColour];
  const head = headOf(described);
  return [...new Set([...wholes.map((words) => words.join(' ')), ...(head === undefined ? [] : [head])])];
}

/** The word that a longer phrase is about: the last one, or what goes before a verb ("dragon breathing fire"). */
function headOf({ bare }: Described): string | undefined {
  const words = withoutFeelings(bare);
  if (words.length < 2) return undefined;
  const verb = words.findIndex((word, index) => index > 0 && word.length > 5 && word.endsWith('ing'));
  return verb > 0 ? words.slice(0, verb).join(' ') : words.at(-1);
}

function withoutFeelings(words: readonly string[]): readonly string[] {
  const rest = words.filter((word) => !FEELINGS.has(word));
  return rest.length === 0 ? words : rest;
}

/** The face that the words ask for, unless the thing is called so itself. */
function feelingOf({ bare }: Described, label: string | undefined): string | undefined {
  if (bare.length < 2) return undefined;
  const felt = bare.find((word) => FEELINGS.has(word) && !wordsOf(label ?? '').includes(word));
  return felt === undefined ? undefined : FEELINGS.get(felt);
}

/** Emoji stand for things whatever is written beside them: each is a clause, with the words before it. */
function apartFromEmoji(clause: Clause): readonly Clause[] {
  const parts: Clause[] = [];
  let words: string[] = [];
  for (const word of clause.words) {
    words.push(word);
    if (markedThing(word) === undefined) continue;
    parts.push({ ...(parts.length === 0 ? clause : BESIDE), words });
    words = [];
  }
  if (words.length > 0) parts.push({ ...(parts.length === 0 ? clause : BESIDE), words });
  return parts;
}

const BESIDE = { relation: 'beside', joint: ',' } as const;

/** The same emoji again is one more of it. */
function merged(drafts: readonly Draft[]): readonly Draft[] {
  const kept: Draft[] = [];
  for (const draft of drafts) {
    const last = kept.at(-1);
    if (last !== undefined && draft.isEmoji && last.isEmoji && last.things[0] === draft.things[0])
      kept.splice(-1, 1, { ...last, count: Math.min(MAX_COUNT, last.count + draft.count) });
    else kept.push(draft);
  }
  return kept;
}
