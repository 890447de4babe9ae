import { describe, expect, it } from 'vitest';
import { LANGUAGES, type TextKey, translator } from '../../src/i18n/index.js';
import { en } from '../../src/i18n/texts/en.js';

const placeholders = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();

const wordsOf = (text: string) => text.replace(/\{\w+\}/g, '').match(/\p{L}{2,}/gu) ?? [];

/** Where Discord bounds a text's length; the placeholders count with what they are at most. */
const MAX_CHARS: Readonly<Partial<Record<TextKey, number>>> = {
  'modal.title': 45,
  'modal.newTitle': 45,
  'modal.prompt': 45,
  'modal.keepSeed': 45,
  'select.more': 150,
  'select.upscale': 150,
  'select.subtle': 150,
  'select.strong': 150,
  'select.batch': 98,
  'select.separate': 100,
  'select.picture': 98,
  'control.cancel': 34,
};

describe('the texts', () => {
  it('come in at least eight languages', () => {
    expect(Object.keys(LANGUAGES).length).toBeGreaterThanOrEqual(8);
  });

  describe.each(Object.entries(LANGUAGES))('in %s', (_language, texts) => {
    it('have every key and no other', () => {
      expect(Object.keys(texts).sort()).toEqual(Object.keys(en).sort());
    });

    it.each(Object.keys(en) as TextKey[])('have the placeholders of %s', (key) => {
      expect(placeholders(texts[key])).toEqual(placeholders(en[key]));
      expect(texts[key].trim()).toBe(texts[key]);
      expect(texts[key]).not.toBe('');
    });

    it('fit where Discord bounds them', () => {
      for (const [key, max] of Object.entries(MAX_CHARS)) {
        expect(texts[key as TextKey].length, key).toBeLessThanOrEqual(max);
      }
      for (const key of Object.keys(texts) as TextKey[]) {
        if (key.startsWith('field.') || key.startsWith('info.')) {
          expect(texts[key].length, key).toBeLessThanOrEqual(256);
        }
        expect(texts[key].length, key).toBeLessThanOrEqual(600);
      }
    });

    it('are not English left over', () => {
      if (texts === en) {
        return;
      }
      const same = (Object.keys(en) as TextKey[]).filter(
        (key) => en[key] === texts[key] && wordsOf(en[key]).length > 1,
      );
      expect(same).toEqual([]);
    });
  });
});

describe('translator', () => {
  it('finds the language of a locale', () => {
    expect(translator('de')('job.cancelled', { job: 'X' })).toBe('Abgebrochen. Auftrag `X`.');
    expect(translator('es-419')('queue.title')).toBe('Cola');
    expect(translator('pt-BR')('queue.title')).toBe('Fila');
    expect(translator('en-GB')('queue.title')).toBe('Queue');
  });

  it('falls back to English for what it does not know', () => {
    for (const locale of ['', 'ja', 'xx-YY', '__proto__', 'constructor', 'toString']) {
      expect(translator(locale)('queue.title')).toBe('Queue');
    }
  });

  it('leaves braces in values alone', () => {
    expect(translator('en-US')('alt.picture', { index: 1, prompt: '{index} $& {prompt}' })).toBe(
      'Picture 1: {index} $& {prompt}',
    );
  });
});
