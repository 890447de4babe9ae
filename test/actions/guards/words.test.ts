import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createWordFilter } from '../../../src/actions/guards/words.js';
import { MAX_BLOCKED_WORDS, MAX_PROMPT_CHARS } from '../../../src/domain/bounds.js';

const filter = createWordFilter();

describe('case', () => {
  it.each([
    ['банан', 'ein БАНАН hier'],
    ['банан', 'Банан'],
    ['straße', 'die STRASSE'],
    ['STRASSE', 'eine Straße'],
    ['ΣΟΦΙΑ', 'σοφια'],
  ])('does not hide %s in "%s"', (word, prompt) => {
    expect(filter.find(prompt, [word])).toBeDefined();
    expect(filter.find('ein Apfel', [word])).toBeUndefined();
  });

  it('is kept in what is shown', () => {
    expect(filter.find('ein БАНАН hier', ['банан'])).toBe('БАНАН');
  });
});

describe('the general list', () => {
  it.each(['a fuck', 'a f u c k', 'fuuuuck', 'ｆｕｃｋ', '𝓯𝓾𝓬𝓴', 'f\u200Bu\u200Bck', 'ƒüç𝕜', 'f.u.c.k'])(
    'sees %s',
    (prompt) => {
      expect(filter.find(prompt, [])).toBeDefined();
    },
  );

  it.each([
    'a happy fox',
    'a bass player in Scunthorpe',
    'grapes and a pen is on the table',
    'an assassin',
    'Füchse im Wald',
  ])('lets %s pass', (prompt) => {
    expect(filter.find(prompt, [])).toBeUndefined();
  });

  it('lets a server allow a word', () => {
    expect(filter.find('a cock on a farm', [])).toBeDefined();
    expect(filter.find('a cock on a farm', ['-cock'])).toBeUndefined();
    expect(filter.find('a fuck on a farm', ['-cock'])).toBeDefined();
  });
});

describe('a server’s own list', () => {
  const list = ['pineapple', 'путин', 'führer', 'mp3', 'spoiler alert', 'drag*'];

  it.each([
    'a pineapple pizza',
    'PINEAPPLE',
    'p1n3appl3',
    'рineаpple', // Cyrillic р and а
    'pi\u00ADneapple',
    'p i n e a p p l e',
    'a p i n e a p p l e x',
    'p-i-n-e-a-p-p-l-e',
    'a pine-apple',
    'p.1.n.e-apple',
    'ｐｉｎｅａｐｐｌｅ',
    '𝗽𝗶𝗻𝗲𝗮𝗽𝗽𝗹𝗲',
    'Путин',
    'FÜHRER',
    'fuhrer',
    'an mp3 player',
    'a spoiler alert',
    'dragons',
  ])('blocks %s', (prompt) => {
    expect(filter.find(prompt, list)).toBeDefined();
  });

  it.each(['pineapples', 'a pine and an apple', 'mp4', 'spoiler', 'hydragon'])('does not block %s', (prompt) => {
    expect(filter.find(prompt, list)).toBeUndefined();
  });

  it('says what it found, as it was typed', () => {
    expect(filter.find('one P1neapple please', list)).toBe('P1neapple');
  });

  it('takes any list and any prompt', () => {
    const words = fc.array(fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }), { maxLength: 5 });
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 100 }), words, (prompt, own) => {
        filter.find(prompt, own);
      }),
      { numRuns: 40 },
    );
  });

  it('reads the longest prompt against the longest list', () => {
    const own = Array.from({ length: MAX_BLOCKED_WORDS }, (_, index) => `word${index}`);
    const prompt = `${'a '.repeat(MAX_PROMPT_CHARS / 2 - 3)}word7`;
    expect(filter.find(prompt, own)).toBe('word7');
  });
});
