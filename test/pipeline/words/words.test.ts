import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MemoryThing } from '../../../src/pipeline/memory/memory.js';
import { clausesOf, describe as describeWords } from '../../../src/pipeline/words/clauses.js';
import { EmojiTable, markedThing } from '../../../src/pipeline/words/emoji.js';
import { PhraseVectors } from '../../../src/pipeline/words/phrase-vectors.js';
import { PromptReader } from '../../../src/pipeline/words/prompt-reader.js';
import { MAX_COUNT, MAX_PARTS } from '../../../src/pipeline/words/scene.js';
import { takeStyle } from '../../../src/pipeline/words/style.js';
import { plainText, singularsOf } from '../../../src/pipeline/words/text.js';

const thing = (label: string, emoji: string | null, phrases: MemoryThing['phrases'] = {}): MemoryThing => ({
  label,
  emoji,
  pictures: [0],
  phrases: { en: [label], ...phrases },
});
const THINGS = [
  thing('fox', '🦊', { en: ['fox', 'animal'], de: ['fuchs'], ja: ['キツネ'] }),
  thing('crown', '👑', { de: ['krone'] }),
  thing('red apple', '🍎', { en: ['red apple', 'apple'], de: ['roter apfel', 'apfel'] }),
  thing('cloud with lightning', '🌩️'),
  thing('crying face', '😢', { en: ['crying face', 'face'] }),
  thing('woman: red hair', '👩‍🦰'),
];

/** Knows no meaning: whatever no dictionary has is not understood. */
function readerOf(things = THINGS): PromptReader {
  const rows = things.reduce((sum, { phrases }) => sum + 2 * (phrases.en?.length ?? 1) - 1, 0);
  return new PromptReader({
    things,
    vectors: new PhraseVectors(new Int8Array(rows * 2).fill(1), 2),
    encode: async (texts) => texts.map(() => Float32Array.of(Math.SQRT1_2, -Math.SQRT1_2)),
    styles: ['3d', 'flat'],
  });
}

describe('emoji', () => {
  const table = new EmojiTable(THINGS);
  const thingsIn = (text: string) =>
    table
      .mark(text)
      .text.split(' ')
      .flatMap((word) => markedThing(word) ?? []);

  test.each([
    ['🌩', 3, 'without its variation selector'],
    ['🌩️', 3, 'with it'],
    ['👩🏽‍🦰', 5, 'in another skin tone'],
  ])('%s is thing %i, %s', (emoji, index) => {
    expect(thingsIn(`a ${emoji}!`)).toEqual([index]);
  });

  test('digits are numbers, and what is not known is said', () => {
    expect(table.mark('3 🦊 and 🛸')).toMatchObject({
      text: expect.stringMatching(/^3\s+\S+\s+and /),
      unknown: ['🛸'],
    });
  });

  test('nobody can type the mark of a thing', () => {
    expect(thingsIn('\uE0000 \uE0001')).toEqual([]);
  });
});

test('likeness is the cosine, whatever the length of a row', () => {
  const rows = [
    [127, 0, 0],
    [3, 4, 0],
    [-50, 50, 100],
    [0, 0, 0],
  ];
  const vectors = new PhraseVectors(Int8Array.from(rows.flat()), 3);
  const found = vectors.similarities(Float32Array.of(0.6, 0.8, 0));
  expect(vectors.count).toBe(4);
  for (const [row, cosine] of [0.6, 1, 10 / Math.hypot(50, 50, 100), 0].entries()) {
    expect(found[row]).toBeCloseTo(cosine, 5);
  }
});

describe('grammar', () => {
  test.each([
    ['fox with crown', ['fox', 'crown'], ['beside', 'with']],
    ['fox, apple + cloud', ['fox', 'apple', 'cloud'], ['beside', 'beside', 'beside']],
    ['fox on top of the cloud', ['fox', 'the cloud'], ['beside', 'above']],
    ['Fuchs unter Wolke', ['fuchs', 'wolke'], ['beside', 'below']],
    ['and', ['and'], ['beside']],
  ])('%s', (text, words, relations) => {
    const clauses = clausesOf(text);
    expect(clauses.map((clause) => clause.words.join(' '))).toEqual(words);
    expect(clauses.map(({ relation }) => relation)).toEqual(relations);
  });

  test.each([
    ['three red apples', 3, 'red', 'apples'],
    ['12 apples', 6, undefined, 'apples'],
    ['eine gelbe Katze', 1, 'yellow', 'katze'],
    ['三つの赤い車', 3, 'red', '車'],
    ['orange', 1, undefined, 'orange'],
    ['a pink rose', 1, 'pink', 'rose'],
  ])('%s is %i, %s, %s', (text, count, colour, bare) => {
    const described = describeWords(clausesOf(text)[0]?.words ?? []);
    expect(described).toMatchObject({ count, colour });
    expect(described.bare.join(' ')).toBe(bare);
  });

  test.each([
    ['wolves', 'wolf'],
    ['strawberries', 'strawberry'],
    ['buses', 'bus'],
    ['mice', 'mouse'],
    ['foxes', 'fox'],
  ])('%s are each a %s', (plural, singular) => {
    expect(singularsOf(plural)).toContain(singular);
  });

  test.each([
    ['a fox, 3d style', 'a fox', '3d'],
    ['a fox in flat style', 'a fox', 'flat'],
    ['a fox, flat', 'a fox', 'flat'],
    ['a flat tyre', 'a flat tyre', undefined],
  ])('%s', (prompt, text, style) => {
    const taken = takeStyle(prompt, ['3d', 'flat']);
    expect(taken.text.trim()).toBe(text);
    expect(taken.style).toBe(style);
  });
});

describe('reading', () => {
  test.each([
    ['🍎🍎', [{ things: [2], count: 2 }]],
    ['👑🦊', [{ things: [0], wears: [1] }]],
    ['a fox wearing a crown', [{ things: [0], wears: [1] }]],
    ['ein Fuchs mit Krone', [{ things: [0], wears: [1] }]],
    ['cloud with lightning', [{ things: [3], count: 1 }]],
    ['🍎😢', [{ things: [2], face: [4] }]],
    ['a crying red apple', [{ things: [2], face: [4] }]],
    ['zwei rote Äpfel', [{ things: [2], count: 2 }]],
    ['キツネ', [{ things: [0] }]],
  ])('%s', async (prompt, parts) => {
    expect((await readerOf().read(prompt)).parts).toMatchObject(parts);
  });

  test('what is not known is told and left out', async () => {
    const scene = await readerOf().read('a fox and a zzqx');
    expect(scene.parts).toHaveLength(1);
    expect(scene.words).toEqual({ understood: ['a fox'], unknown: ['a zzqx'] });
  });

  test.each([
    ['A Red FOX', ['A Red FOX'], []],
    ['Fox and a fox', ['Fox', 'a fox'], []],
    ['Ein Fuchs MIT Krone!', ['Ein Fuchs', 'Krone'], []],
    ['👩🏽‍🦰 and 🛸', ['👩🏽‍🦰'], ['🛸']],
    ['fox🛸crown', [], ['fox crown', '🛸']],
    ['a Fox and a Zzqx', ['a Fox'], ['a Zzqx']],
  ])('of %s it says what was understood as it was written', async (prompt, understood, unknown) => {
    expect((await readerOf().read(prompt)).words).toEqual({ understood, unknown });
  });

  test('any text is read: counts, parts and things stay in their bounds', async () => {
    const reader = readerOf();
    const piece = fc.constantFrom(
      'fox',
      'crown',
      '🍎',
      '👑',
      'with',
      'and',
      'on',
      '三',
      '9',
      'red',
      ',',
      '\u202E',
      'と',
      '(',
      '*',
    );
    const prompts = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(' ')),
      fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join('')),
    );
    await fc.assert(
      fc.asyncProperty(prompts, async (prompt) => {
        const { parts, words } = await reader.read(prompt);
        expect(parts.length).toBeLessThanOrEqual(MAX_PARTS);
        for (const { count, things, wears = [], face = [] } of parts) {
          expect(count >= 1 && count <= MAX_COUNT && things.length > 0).toBe(true);
          for (const index of [...things, ...wears, ...face]) {
            expect(THINGS[index]).toBeDefined();
          }
        }
        const typed = plainText(prompt).replaceAll('’', "'");
        for (const word of [...words.understood, ...words.unknown].flatMap((part) => plainText(part).split(' '))) {
          expect(typed).toContain(word.replaceAll('’', "'"));
        }
        if (parts.length > 0) {
          expect(words.understood.length).toBeGreaterThan(0);
        }
      }),
    );
  });

  test('a thousand emoji are a few things', async () => {
    const { parts } = await readerOf().read('🦊🍎'.repeat(500));
    expect(parts.length).toBeLessThanOrEqual(MAX_PARTS);
  });
});
