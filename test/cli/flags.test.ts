import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decimal, parseFlags, wholeNumber } from '../../src/cli/flags.js';
import { slug } from '../../src/cli/output-folder.js';
import { InputError } from '../../src/domain/errors.js';

const FLAGS = { temperature: { type: 'string' }, json: { type: 'boolean' } } as const;

describe('parseFlags', () => {
  it('takes negative numbers as values, so that the range check can name them', () => {
    expect(parseFlags(['--temperature', '-1', 'x'], FLAGS)).toMatchObject({
      values: { temperature: '-1' },
      positionals: ['x'],
    });
    expect(parseFlags(['--temperature', '-.5'], FLAGS).values.temperature).toBe('-.5');
  });

  it('keeps what comes after -- as it is', () => {
    expect(parseFlags(['--json', '--', '--temperature', '-1'], FLAGS).positionals).toEqual(['--temperature', '-1']);
  });

  it.each([[['--colour']], [['--temperature']], [['--json=yes']], [['-x']]])('refuses %j in one line', (args) => {
    expect(() => parseFlags(args, FLAGS)).toThrow(InputError);
    expect(() => parseFlags(args, FLAGS)).toThrow(/^[^\n]+$/);
  });
});

describe('wholeNumber and decimal', () => {
  const range = { min: 0, max: 5 };

  it('give exactly the numbers in range', () => {
    fc.assert(
      fc.property(fc.integer({ min: -20, max: 20 }), (value) => {
        const read = () => wholeNumber(`${value}`, '--n', range);
        if (value >= 0 && value <= 5) {
          expect(read()).toBe(value);
        } else {
          expect(read).toThrow(`Expected a whole number from 0 to 5 for --n but received "${value}".`);
        }
      }),
    );
    expect(decimal('0.95', '--p', range)).toBe(0.95);
    expect(decimal(undefined, '--p', range)).toBeUndefined();
    expect(() => decimal('0', '--p', { min: 0, max: 1, isMinExcluded: true })).toThrow('above 0');
  });

  it('take nothing but numbers', () => {
    const noise = fc.string().filter((text) => !/^-?(\d+\.?\d*|\.\d+)(e-?\d+)?$/i.test(text));
    fc.assert(
      fc.property(noise, (text) => {
        expect(() => wholeNumber(text, '--n', range)).toThrow(InputError);
        expect(() => decimal(text, '--n', range)).toThrow(InputError);
      }),
    );
  });

  it.each(['0x10', '1e1', ' 1', '1 ', '1.0', 'Infinity', '１'])('wholeNumber refuses %j', (text) => {
    expect(() => wholeNumber(text, '--n', { min: 0, max: 100 })).toThrow(InputError);
  });
});

describe('slug', () => {
  it('is a safe file name for any prompt', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        const name = slug(text);
        expect(name).toMatch(/^[\p{L}\p{N}][\p{L}\p{N}-]*$/u);
        expect(Buffer.byteLength(name)).toBeLessThan(200);
      }),
    );
  });

  it.each([
    ['A happy fox, with sunglasses!', 'a-happy-fox-with-sunglasses'],
    ['../../etc/passwd', 'etc-passwd'],
    ['🦊🦊', 'picture'],
    ['ein fröhlicher Fuchs', 'ein-fröhlicher-fuchs'],
    ['狐', '狐'],
  ])('of %j is %j', (text, name) => expect(slug(text)).toBe(name));
});
