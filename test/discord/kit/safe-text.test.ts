import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { safeText, shorten, visibleText } from '../../../src/discord/kit/safe-text.js';

describe('safeText', () => {
  it.each([
    ['@everyone', /@everyone/],
    ['<@123456789012345678>', /(?<!\\)<|@(?!\u200B)/],
    ['<@&1> <#2> </imagine:3>', /(?<!\\)<[@#/]/],
    ['[click](https://evil.example)', /(?<!\\)\[click\]\(/],
    ['https://evil.example', /:\/\//],
    ['**bold** _it_ ~~no~~ `code` ||spoiler||', /(?<!\\)(\*|_|~|`|\|)/],
    ['https://**bold** and https://a_b_', /(?<!\\)(\*|_)/],
    ['# heading', /^#/],
    ['> quote', /^>/],
    ['abc\u202Etxt.exe', /\u202E/],
    ['zero\u200Bwidth\u2066iso', /[\u2066]/],
    ['line\n# heading\n> quote', /\n/],
  ])('takes the effect out of %j', (text, effect) => {
    expect(safeText(text)).not.toMatch(effect);
  });

  it('keeps words, accents and emoji', () => {
    expect(safeText('Füchse 狐 👩‍🚀 🏳️‍🌈 at 5 €')).toBe('Füchse 狐 👩‍🚀 🏳️‍🌈 at 5 €');
  });

  it('never mentions, whatever is thrown at it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        const safe = safeText(`@everyone ${text} <@1>`, 300);
        expect(safe.length).toBeLessThanOrEqual(300);
        expect(safe).not.toMatch(/@(everyone|here)|(?<!\\)<[@#]|[\u202A-\u202E\u2066-\u2069]|\n/);
      }),
    );
  });
});

describe('shorten', () => {
  it('cuts after whole characters', () => {
    expect(shorten('abc', 3)).toBe('abc');
    expect(shorten('abcd', 3)).toBe('ab…');
    expect(shorten('ab😀d', 4)).toBe('ab…');
  });
});

describe('visibleText', () => {
  it('is one line', () => {
    expect(visibleText(' a\n\tb\u200B\u0000c ')).toBe('a bc');
  });
});
