import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { finishTimesMs, PaintDurations, remainingMs } from '../../src/queue/eta.js';

describe('expected times', () => {
  it('are those of jobs that go to the slot which is free first', () => {
    expect(finishTimesMs(5, 2, [300, 900], 1000)).toEqual([1300, 1900, 2300, 2900, 3300]);
    expect(finishTimesMs(3, 2, [], 1000)).toEqual([1000, 1000, 2000]);
    // More are running than there are slots now: the machine went away.
    expect(finishTimesMs(1, 1, [500, 700], 1000)).toEqual([1500]);
  });

  it('never get shorter further back, and grow by one duration for each full round of slots', () => {
    const slots = fc.integer({ min: 1, max: 8 });
    const running = fc.array(fc.integer({ min: 0, max: 1000 }), { maxLength: 8 });
    fc.assert(
      fc.property(fc.nat(60), slots, running, (waiting, slotCount, runningMs) => {
        const times = finishTimesMs(waiting, slotCount, runningMs.slice(0, slotCount), 1000);
        expect([...times].sort((a, b) => a - b)).toEqual(times);
        times.forEach((time, i) => {
          expect(time).toBeGreaterThanOrEqual(1000);
          expect((times[i + slotCount] ?? time + 1000) - time).toBeGreaterThanOrEqual(0);
          expect((times[i + slotCount] ?? time) - time).toBeLessThanOrEqual(1000);
        });
      }),
    );
  });

  it('follow what a running job reports, and are never nothing', () => {
    expect(remainingMs({ elapsedMs: 400, fraction: 0 }, 1000)).toBe(600);
    expect(remainingMs({ elapsedMs: 400, fraction: 0.25 }, 1000)).toBe(1200);
    expect(remainingMs({ elapsedMs: 9000, fraction: 0 }, 1000)).toBe(50);
    expect(remainingMs({ elapsedMs: 9000, fraction: 1 }, 1000)).toBe(50);
  });

  it('come from the newest durations, and from a guess until there are any', () => {
    expect(new PaintDurations().meanMs).toBe(10_000);
    const durations = new PaintDurations([100, 300]);
    expect(durations.meanMs).toBe(200);
    for (let i = 0; i < 40; i += 1) {
      durations.record(5000);
    }
    expect(durations.meanMs).toBe(5000);
  });
});
