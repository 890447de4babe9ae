import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FairEntry, FairScheduler } from '../../src/queue/fair-scheduler.js';

let sequence = 0;

function entry(groupKey: string, memberKey: string, more: Partial<FairEntry> = {}): FairEntry {
  sequence += 1;
  return { id: `job-${sequence}`, groupKey, memberKey, groupWeight: 1, memberWeight: 1, cost: 1, sequence, ...more };
}

function drain(scheduler: FairScheduler, count = Number.POSITIVE_INFINITY): FairEntry[] {
  const taken: FairEntry[] = [];
  while (taken.length < count) {
    const next = scheduler.take();
    if (next === undefined) {
      break;
    }
    taken.push(next);
  }
  return taken;
}

/** What a member or the machine may do; members 0–3 in servers 0–2. */
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('add' as const), group: fc.nat(2), member: fc.nat(3) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('take' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('putBack' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), nth: fc.nat(30) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('hold' as const), group: fc.nat(2), on: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('forget' as const) }) },
);
const share = fc.constantFrom(0.5, 1, 2, 3);

describe('FairScheduler', () => {
  it('never loses, doubles or invents a job, keeps each member FIFO, and predicts its own order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(step, share, share, fc.integer({ min: 1, max: 4 })), { maxLength: 80 }),
        (steps) => {
          const scheduler = new FairScheduler();
          const waiting = new Map<string, FairEntry>();
          const held = new Set<string>();
          let last: FairEntry | undefined;
          for (const [action, groupWeight, memberWeight, cost] of steps) {
            if (action.do === 'add') {
              const added = entry(`g${action.group}`, `m${action.member}`, { groupWeight, memberWeight, cost });
              scheduler.add(added);
              waiting.set(added.id, added);
            } else if (action.do === 'take') {
              const predicted = scheduler.order()[0];
              const taken = scheduler.take();
              const free = [...waiting.values()].filter((job) => !held.has(job.groupKey));
              expect(taken === undefined).toBe(free.length === 0);
              if (taken === undefined) {
                continue;
              }
              expect(taken).toBe(predicted);
              expect(free).toContain(taken);
              const mine = free.filter((job) => job.groupKey === taken.groupKey && job.memberKey === taken.memberKey);
              expect(taken.sequence).toBe(Math.min(...mine.map((job) => job.sequence)));
              waiting.delete(taken.id);
              last = taken;
            } else if (action.do === 'putBack' && last !== undefined) {
              scheduler.putBack(last);
              waiting.set(last.id, last);
              last = undefined;
            } else if (action.do === 'remove') {
              const victim = [...waiting.values()][action.nth];
              expect(scheduler.remove(victim?.id ?? 'nobody')).toBe(victim !== undefined);
              if (victim !== undefined) {
                waiting.delete(victim.id);
              }
            } else if (action.do === 'hold') {
              scheduler.setHeld(`g${action.group}`, action.on);
              if (action.on) {
                held.add(`g${action.group}`);
              } else {
                held.delete(`g${action.group}`);
              }
            } else if (action.do === 'forget') {
              scheduler.forgetIdle();
            }
            expect(scheduler.size).toBe(waiting.size);
            expect(new Set(scheduler.order())).toEqual(new Set(waiting.values()));
          }
          for (const group of held) {
            scheduler.setHeld(group, false);
          }
          const predicted = scheduler.order();
          expect(drain(scheduler)).toEqual(predicted);
          expect(scheduler.size).toBe(0);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('a member with fifty prompts delays the next job of everybody else, in any server, by one job at most', () => {
    const crowd = fc.record({
      /** Jobs of the greedy member taken before the others come. */
      before: fc.nat(49),
      /** Others, with one job each: server 0 is the greedy member's own. */
      others: fc.uniqueArray(fc.record({ group: fc.nat(4), member: fc.nat(9), hasPainted: fc.boolean() }), {
        minLength: 1,
        maxLength: 20,
        selector: ({ group, member }) => `${group} ${member}`,
      }),
    });
    fc.assert(
      fc.property(crowd, ({ before, others }) => {
        const scheduler = new FairScheduler();
        // Some of the others were served a moment ago, so the greedy one may have a job to catch up first.
        for (const other of others.filter((one) => one.hasPainted)) {
          scheduler.add(entry(`g${other.group}`, `m${other.member}`));
        }
        drain(scheduler);
        for (let i = 0; i < 50; i += 1) {
          scheduler.add(entry('g0', 'greedy'));
        }
        drain(scheduler, before);
        const asked = others.map((other) => ({ ...other, job: entry(`g${other.group}`, `m${other.member}`) }));
        for (const { job } of asked) {
          scheduler.add(job);
        }
        const order = drain(scheduler);
        for (const { job, hasPainted } of asked) {
          const greedy = order.slice(0, order.indexOf(job)).filter((one) => one.memberKey === 'greedy').length;
          expect(greedy).toBeLessThanOrEqual(hasPainted ? 2 : 1);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('lets servers take turns within a round: a crowd does not go before a single member of another server', () => {
    const scheduler = new FairScheduler();
    for (let i = 0; i < 100; i += 1) {
      scheduler.add(entry('crowd', `m${i}`));
    }
    const lone = entry('small', 'm');
    scheduler.add(lone);
    expect(drain(scheduler, 2)).toContain(lone);
  });

  it('gives busy servers, and members of one server, shares in proportion to their weights', () => {
    const weights = fc.array(fc.constantFrom(0.25, 0.5, 1, 2, 3, 5), { minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(weights, fc.boolean(), fc.integer({ min: 1, max: 4 }), (shares, ofMembers, cost) => {
        const scheduler = new FairScheduler();
        const taken = shares.map(() => 0);
        const total = shares.reduce((sum, weight) => sum + weight, 0);
        const turns = 400;
        shares.forEach((weight, i) => {
          for (let n = 0; n <= turns; n += 1) {
            scheduler.add(
              ofMembers
                ? entry('g', `${i}`, { memberWeight: weight, cost })
                : entry(`${i}`, 'm', { groupWeight: weight, cost }),
            );
          }
        });
        for (const job of drain(scheduler, turns)) {
          const i = Number(ofMembers ? job.memberKey : job.groupKey);
          taken[i] = (taken[i] ?? 0) + 1;
        }
        // SFQ's bound: nobody is off by more than one job of each party, scaled by the shares.
        shares.forEach((weight, i) => {
          const fair = (turns * weight) / total;
          expect(Math.abs((taken[i] ?? 0) - fair)).toBeLessThanOrEqual(shares.length * Math.max(1, weight / total) + 1);
        });
      }),
      { numRuns: 60 },
    );
  });

  it('charges by cost: four pictures use up four turns of one', () => {
    const scheduler = new FairScheduler();
    for (let i = 0; i < 40; i += 1) {
      scheduler.add(entry('a', 'm', { cost: 4 }));
      scheduler.add(entry('b', 'm', { cost: 1 }));
    }
    const ofA = drain(scheduler, 40).filter((job) => job.groupKey === 'a').length;
    expect(ofA).toBe(8);
  });

  it('gives an idle member no credit, however long the idleness', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.boolean(), (missed, inOneServer) => {
        const scheduler = new FairScheduler();
        const mine = () => entry(inOneServer ? 'g' : 'late', 'late');
        for (let i = 0; i < 100; i += 1) {
          scheduler.add(entry('g', 'busy'));
        }
        drain(scheduler, missed);
        for (let i = 0; i < 20; i += 1) {
          scheduler.add(mine());
        }
        // From now on they alternate: what was missed is not caught up with.
        const next = drain(scheduler, 20).filter((job) => job.memberKey === 'late').length;
        expect(next).toBe(10);
      }),
    );
  });

  it('forgets no debt: whoever always sends the next job just in time gets no more than others', () => {
    const scheduler = new FairScheduler();
    for (let i = 0; i < 40; i += 1) {
      scheduler.add(entry('patient', 'p'));
    }
    scheduler.add(entry('quick', 'q'));
    let quick = 0;
    for (let i = 0; i < 40; i += 1) {
      const [taken] = drain(scheduler, 1);
      if (taken?.groupKey !== 'quick') {
        continue;
      }
      quick += 1;
      scheduler.add(entry('quick', 'q'));
    }
    expect(quick).toBe(20);
  });

  it('puts a job back at its place, and takes it again before anything else', () => {
    const scheduler = new FairScheduler();
    for (const member of ['a', 'b', 'a', 'b']) {
      scheduler.add(entry('g', member));
    }
    const before = scheduler.order();
    const taken = scheduler.take();
    if (taken === undefined) {
      throw new Error('nothing was taken');
    }
    scheduler.putBack(taken);
    expect(scheduler.order().map((job) => job.id)).toEqual(before.map((job) => job.id));
    expect(scheduler.take()).toBe(taken);
  });

  it('passes over a held group without giving it credit', () => {
    const scheduler = new FairScheduler();
    scheduler.setHeld('held', true);
    for (let i = 0; i < 30; i += 1) {
      scheduler.add(entry('held', 'm'));
      scheduler.add(entry('free', 'm'));
    }
    expect(drain(scheduler, 10).every((job) => job.groupKey === 'free')).toBe(true);
    expect(
      scheduler
        .order()
        .slice(-30)
        .every((job) => job.groupKey === 'held'),
    ).toBe(true);
    scheduler.setHeld('held', false);
    expect(drain(scheduler, 20).filter((job) => job.groupKey === 'held')).toHaveLength(10);
  });

  it('remembers nobody for longer than needed', () => {
    const scheduler = new FairScheduler();
    for (let i = 0; i < 1000; i += 1) {
      scheduler.add(entry(`g${i}`, 'm'));
      scheduler.take();
    }
    scheduler.forgetIdle();
    expect(scheduler.memberCount).toBe(0);
    for (let i = 0; i < 1000; i += 1) {
      scheduler.add(entry(`g${i % 10}`, 'm'));
      scheduler.take();
    }
    expect(scheduler.memberCount).toBeLessThanOrEqual(10);
  });

  it('refuses the same job twice, and weights or costs that would break the order', () => {
    const scheduler = new FairScheduler();
    const first = entry('g', 'm');
    scheduler.add(first);
    expect(() => scheduler.add(first)).toThrow(RangeError);
    for (const wrong of [{ cost: 0 }, { groupWeight: -1 }, { memberWeight: Number.NaN }]) {
      expect(() => scheduler.add(entry('g', 'm', wrong))).toThrow(RangeError);
    }
    expect(scheduler.size).toBe(1);
  });
});
