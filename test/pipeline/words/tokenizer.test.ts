import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TextTokenizer } from '../../../src/pipeline/words/tokenizer.js';
import { readGolden, TINY } from '../support.js';

const LENGTH = 12;
const open = () => TextTokenizer.open(join(TINY, 'tokenizer.json'), LENGTH, 0);
const [CLS, SEP] = [2n, 3n];
// Half plain letters, half anything that Unicode has room for.
const codePoint = fc.oneof(fc.integer({ min: 32, max: 126 }), fc.integer({ min: 0, max: 0x10_ffff }));

describe('TextTokenizer', () => {
  test('ids of the golden prompt, padded, with a mask', async () => {
    const golden = await readGolden(TINY);
    const { inputIds, attentionMask } = (await open()).tokenize(golden.prompt);
    const used = golden.inputIds.length;
    expect([...inputIds].map(Number)).toEqual([...golden.inputIds, ...new Array(LENGTH - used).fill(0)]);
    expect([...attentionMask].map(Number)).toEqual(Array.from({ length: LENGTH }, (_, i) => (i < used ? 1 : 0)));
  });

  test('a long text keeps its closing token', async () => {
    const { inputIds, attentionMask } = (await open()).tokenize('a red fox '.repeat(50));
    expect(inputIds[0]).toBe(CLS);
    expect(inputIds[LENGTH - 1]).toBe(SEP);
    expect([...attentionMask]).toEqual(new Array(LENGTH).fill(1n));
  });

  test('any text at all gives ids of the right length', async () => {
    const tokenizer = await open();
    fc.assert(
      fc.property(fc.array(codePoint, { maxLength: 100 }), (codePoints) => {
        const text = String.fromCodePoint(...codePoints);
        const { inputIds, attentionMask } = tokenizer.tokenize(text);
        expect(inputIds).toHaveLength(LENGTH);
        expect(inputIds[0]).toBe(CLS);
        const used = attentionMask.lastIndexOf(1n);
        expect(inputIds[used]).toBe(SEP);
        expect([...inputIds].every((id) => id >= 0n && id < 120n)).toBe(true);
      }),
    );
  });

  test('a lone surrogate is no way to crash it', async () => {
    expect((await open()).tokenize('fox \ud800 \udfff').inputIds[0]).toBe(CLS);
  });
});
