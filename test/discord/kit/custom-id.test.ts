import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ACTIONS, type ControlId, formatControlId, parseControlId } from '../../../src/discord/kit/custom-id.js';

const jobId = fc.stringMatching(/^[0-9A-HJKMNP-TV-Z]{12}$/);
const controlId: fc.Arbitrary<ControlId> = fc.oneof(
  fc.record({ action: fc.constantFrom(...ACTIONS), jobId }),
  fc.record({ action: fc.constantFrom(...ACTIONS), jobId, index: fc.nat(15) }),
  fc.record({
    action: fc.constantFrom(...ACTIONS),
    jobId,
    index: fc.nat(15),
    strength: fc.constantFrom('subtle', 'strong'),
  }),
);

describe('custom ids', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(controlId, (id) => {
        expect(parseControlId(formatControlId(id))).toEqual({ ...id });
      }),
    );
  });

  it('stay within Discord’s 100 characters and match the contract', () => {
    fc.assert(
      fc.property(controlId, (id) => {
        const text = formatControlId(id);
        expect(text.length).toBeLessThanOrEqual(100);
        expect(text).toMatch(/^t1:[a-z]+:[0-9A-Z]{12}(:\d+(:[sx])?)?$/);
      }),
    );
  });

  it('have one spelling: whatever is read is written the same', () => {
    const nearly = fc.tuple(controlId, fc.string({ maxLength: 3 }), fc.nat(30)).map(([id, junk, at]) => {
      const text = formatControlId(id);
      return text.slice(0, at) + junk + text.slice(at);
    });
    fc.assert(
      fc.property(fc.oneof(nearly, fc.string(), fc.string({ unit: 'binary' })), (text) => {
        const parsed = parseControlId(text);
        if (parsed !== undefined) {
          expect(formatControlId(parsed)).toBe(text);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    '',
    't1',
    't2:reroll:0123456789AB',
    't1:paint:0123456789AB',
    't1:reroll:0123456789A',
    't1:reroll:0123456789AB:',
    't1:vary:0123456789AB:16',
    't1:vary:0123456789AB:01',
    't1:vary:0123456789AB:-1',
    't1:vary:0123456789AB:0:q',
    't1:vary:0123456789AB::s',
    't1:__proto__:0123456789AB',
    't1:reroll:0123456789AB\n',
    't1:reroll:../../etc/pw',
  ])('are not %j', (text) => {
    expect(parseControlId(text)).toBeUndefined();
  });
});
