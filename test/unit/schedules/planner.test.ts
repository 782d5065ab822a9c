/** The planner beside a naive one that walks over every slot, and its rules one by one. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SlotRules } from '../../../src/schedules/options.ts';
import { readPattern } from '../../../src/schedules/pattern.ts';
import { LATE_MS, type Plan, passSlots, planSlots, withoutOverlap } from '../../../src/schedules/planner.ts';
import { jitterOf, slotTaskId, triggeredTaskId } from '../../../src/schedules/slots.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const noon = Date.parse('2026-05-01T12:00Z');
const base: SlotRules = {
  pattern: '0 * * * *',
  timeZone: 'UTC',
  missed: 'once',
  maxMissed: 100,
  within: DAY,
  overlap: 'skip',
  jitter: 0,
  from: null,
  until: null,
};

function plan(rules: SlotRules, cursor: number, now: number): Plan {
  const planner = planSlots({ id: 'a', rules, pattern: readPattern(rules.pattern, rules.timeZone, 0), cursor }, now);
  for (;;) {
    const step = planner.next();
    if (step.done) return step.value;
  }
}

const hours = (found: Plan) => found.slots.map(({ slot }) => (slot - noon) / HOUR);

describe('a plan', () => {
  test('has no slot before its time, and the slot at its time', () => {
    expect(plan(base, noon, noon + HOUR - 1)).toMatchObject({ slots: [], cursor: noon, next: noon + HOUR });
    const found = plan(base, noon, noon + HOUR);
    expect(found).toMatchObject({ cursor: noon + HOUR, hasLost: false, next: noon + 2 * HOUR });
    expect(found.slots).toEqual([{ slot: noon + HOUR, late: 0, missed: false }]);
  });

  test('takes a slot for missed when it is late by more than the limit', () => {
    expect(plan(base, noon, noon + HOUR + LATE_MS).slots).toMatchObject([{ late: LATE_MS, missed: false }]);
    expect(plan(base, noon, noon + HOUR + LATE_MS + 1).slots).toMatchObject([{ missed: true }]);
  });

  test.each([
    ['once', [5]],
    ['skip', []],
    ['all', [1, 2, 3, 4, 5]],
  ] as const)('makes up by missed: %s', (missed, expected) => {
    const found = plan({ ...base, missed }, noon, noon + 5.5 * HOUR);
    expect(hours(found)).toEqual(expected);
    expect(found).toMatchObject({ cursor: noon + 5 * HOUR, hasLost: missed !== 'all', isTooMany: false });
  });

  test('makes nothing up before a slot on time, unless all are', () => {
    expect(hours(plan(base, noon, noon + 3 * HOUR + 5))).toEqual([3]);
    expect(hours(plan({ ...base, missed: 'all' }, noon, noon + 3 * HOUR + 5))).toEqual([1, 2, 3]);
  });

  test('makes up at most maxMissed, the latest, and says so', () => {
    const found = plan({ ...base, missed: 'all', maxMissed: 3 }, noon, noon + 9.5 * HOUR);
    expect(hours(found)).toEqual([7, 8, 9]);
    expect(found).toMatchObject({ isTooMany: true, hasLost: true, cursor: noon + 9 * HOUR });
    expect(plan({ ...base, missed: 'all', maxMissed: 9 }, noon, noon + 9.5 * HOUR).isTooMany).toBe(false);
  });

  test('makes up nothing that is older than within', () => {
    const found = plan({ ...base, missed: 'all', within: 2 * HOUR }, noon, noon + 9.5 * HOUR);
    expect(hours(found)).toEqual([8, 9]);
    expect(found).toMatchObject({ isTooMany: false, hasLost: true });
    expect(plan({ ...base, within: 0 }, noon, noon + 9.5 * HOUR).slots).toEqual([]);
  });

  test('keeps to from and until', () => {
    const rules = { ...base, missed: 'all', from: noon + 2 * HOUR, until: noon + 3 * HOUR } as const;
    expect(hours(plan(rules, noon, noon + 9.5 * HOUR))).toEqual([2, 3]);
    expect(plan(rules, noon, noon + 9.5 * HOUR)).toMatchObject({ next: null, cursor: noon + 3 * HOUR });
    expect(plan(rules, noon, noon)).toMatchObject({ next: noon + 2 * HOUR });
  });

  test('of a schedule that is paused has no slot, and passes all', () => {
    const pattern = readPattern(base.pattern, 'UTC', 0);
    const found = passSlots({ id: 'a', rules: base, pattern, cursor: noon }, noon + 2.5 * HOUR);
    expect(found).toMatchObject({ slots: [], cursor: noon + 2 * HOUR, hasLost: false, next: noon + 3 * HOUR });
  });

  test.each([
    ['*/5 * * * *', 30],
    ['* * * * *', 60],
    ['* * * * *', 2],
  ])('of a live master loses no slot of %s by a jitter of %i minutes', (pattern, minutes) => {
    const rules = { ...base, pattern, overlap: 'queue', jitter: minutes * 60_000 } as const;
    const { next } = readPattern(pattern, 'UTC', 0);
    const found: number[] = [];
    let cursor = noon;
    for (let now = noon; now < noon + 6 * HOUR; ) {
      const step = plan(rules, cursor, now);
      found.push(...step.slots.map(({ slot }) => slot));
      for (const { slot } of step.slots) expect(now - slot).toBeLessThanOrEqual(rules.jitter);
      cursor = step.cursor;
      expect(step.next ?? 0, 'a look that finds something').toBeGreaterThan(now);
      now = step.next ?? Number.POSITIVE_INFINITY;
    }
    const all: number[] = [];
    for (let slot = next(noon); slot !== null && slot <= cursor; slot = next(slot)) all.push(slot);
    expect(all.length).toBeGreaterThan(60);
    expect(found).toEqual(all);
  });

  test('is the one of a naive planner', () => {
    const seconds = fc.integer({ min: 0, max: 4000 });
    const given = fc.record({
      pattern: fc.constantFrom('*/10 * * * * *', '* * * * *', '*/7 * * * *'),
      missed: fc.constantFrom('once', 'skip', 'all'),
      maxMissed: fc.integer({ min: 1, max: 8 }),
      within: fc.constantFrom(0, 60_000, 600_000, DAY),
      jitter: fc.constantFrom(0, 30_000, 300_000),
      from: fc.option(seconds.map((at) => noon + at * 1000)),
      until: fc.option(seconds.map((at) => noon + at * 1000)),
    });
    fc.assert(
      fc.property(given, fc.integer({ min: 0, max: 4_000_000 }), (some, passed) => {
        const rules: SlotRules = { ...base, ...some };
        const now = noon + passed;
        expect(plan(rules, noon, now)).toMatchObject(naive(rules, noon, now));
      }),
      { numRuns: 300 },
    );
  });
});

/** Walks over every slot. Says nothing where the planner goes on in a later step. */
function naive(rules: SlotRules, cursor: number, now: number): Partial<Plan> {
  const { jitter, within, missed, maxMissed } = rules;
  const { next } = readPattern(rules.pattern, rules.timeZone, 0);
  const due: { slot: number; late: number }[] = [];
  let dueAt = 0;
  for (
    let slot = next(Math.max(noon - jitter, (rules.from ?? 0) - 1));
    slot !== null && slot <= cursor;
    slot = next(slot)
  ) {
    dueAt = Math.max(dueAt, slot + jitterOf('a', slot, jitter));
  }
  for (let slot = next(Math.max(cursor, (rules.from ?? 0) - 1)); slot !== null; slot = next(slot)) {
    const own = slot + jitterOf('a', slot, jitter);
    dueAt = Math.max(dueAt, own);
    // Of slots so old that each jitter has passed, none waits for another.
    const late = now - (slot < now - LATE_MS - jitter ? own : dueAt);
    if (slot > (rules.until ?? slot) || slot > now) break;
    if (late < 0) break;
    due.push({ slot, late });
  }
  const onTime = due.filter(({ late }) => late <= LATE_MS);
  const young = due.filter(({ slot, late }) => late > LATE_MS && slot >= now - within);
  const count = missed === 'all' ? maxMissed : missed === 'once' && onTime.length === 0 ? 1 : 0;
  const made = count === 0 ? [] : young.slice(-count);
  return {
    cursor: due.at(-1)?.slot ?? cursor,
    slots: [
      ...made.map((slot) => ({ ...slot, missed: true })),
      ...onTime.map((slot) => ({ ...slot, missed: false })),
    ].sort((a, b) => a.slot - b.slot),
    hasLost: due.length > made.length + onTime.length,
    isTooMany: missed === 'all' && young.length > maxMissed,
  };
}

describe('overlap', () => {
  const slots = [1, 2, 3].map((hour) => ({ slot: noon + hour * HOUR, late: 0, missed: hour < 2 }));

  test('leaves out slots while the one before is there', () => {
    expect(withoutOverlap(slots, base, true)).toEqual([]);
    expect(withoutOverlap(slots, base, false)).toEqual(slots.slice(0, 1));
    expect(withoutOverlap(slots, { ...base, overlap: 'queue' }, true)).toEqual(slots);
  });

  test('leaves what missed: all makes up', () => {
    expect(withoutOverlap(slots, { ...base, missed: 'all' }, true)).toEqual(slots.slice(0, 1));
  });
});

describe('a slot', () => {
  test('has an id by its instant, and none that a trigger has', () => {
    expect(slotTaskId('nightly', noon)).toBe('nightly@2026-05-01T12:00:00Z');
    expect(triggeredTaskId('nightly', noon)).not.toBe(slotTaskId('nightly', noon));
  });

  test('has a jitter that is spread evenly, the same each time', () => {
    const found = Array.from({ length: 1000 }, (_, index) => jitterOf('a', noon + index * 1000, 999));
    expect(found).toEqual(Array.from({ length: 1000 }, (_, index) => jitterOf('a', noon + index * 1000, 999)));
    const mean = found.reduce((sum, jitter) => sum + jitter, 0) / 1000;
    expect(Math.abs(mean - 500)).toBeLessThan(60);
    expect(new Set(found.map((jitter) => Math.floor(jitter / 100))).size).toBe(10);
    expect(Math.max(...found)).toBeLessThanOrEqual(999);
  });
});
