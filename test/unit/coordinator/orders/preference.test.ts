/** Which of several standbys claims first, by the signs that they see of each other. */
import { describe, expect, test } from 'vitest';
import { Preference } from '../../../../src/coordinator/orders/preference.ts';
import type { Preferred } from '../../../../src/store/orders.ts';

const MASTER = 1000;
const POLL = 500;

/** Standbys of one subsystem, each of which looks every POLL, the one later than the other by its `phase`. */
class Standbys {
  sign: Preferred | null = null;
  private readonly all: { readonly preference: Preference; readonly phase: number; lives: boolean }[] = [];

  add(priority: number, phase: number) {
    const preference = new Preference(`member ${this.all.length}`, priority, MASTER);
    const standby = { preference, phase, lives: true };
    this.all.push(standby);
    return standby;
  }

  run(from: number, to: number): void {
    for (let now = from; now < to; now += 10) {
      for (const { preference, phase, lives } of this.all) {
        if (!lives || now % POLL !== phase) continue;
        preference.observe(this.sign, now);
        this.sign = preference.next('a', now) ?? this.sign;
      }
    }
  }
}

const phases = [0, 10, 120, 250, 380, 490];
const pairs = phases.flatMap((first) => phases.map((second) => [first, second] as const));

describe.each(pairs)('with looks %d and %d ms after the common time', (first, second) => {
  test.each([0, 300, 1000, 2500])('the lower one lets the higher one go first, which comes %d ms later', (later) => {
    const standbys = new Standbys();
    const low = standbys.add(40, first);
    standbys.run(0, later);
    const high = standbys.add(60, second);
    standbys.run(later, 20_000);
    expect(standbys.sign?.priority).toBe(60);
    // At any time, and not only now.
    for (let now = 20_000; now < 30_000; now += POLL) {
      standbys.run(now, now + POLL);
      expect([low.preference.defers(now + POLL), high.preference.defers(now + POLL)]).toEqual([true, false]);
    }
  });
});

test('one that signs no more is waited for no longer, and the next one signs', () => {
  const standbys = new Standbys();
  const low = standbys.add(40, 0);
  const high = standbys.add(60, 250);
  standbys.run(0, 10_000);
  high.lives = false;
  standbys.run(10_000, 20_000);
  expect(low.preference.defers(20_000)).toBe(false);
  expect(standbys.sign?.priority).toBe(40);
});

test('nothing is signed while all have the default', () => {
  const standbys = new Standbys();
  standbys.add(50, 0);
  standbys.add(50, 250);
  standbys.run(0, 10_000);
  expect(standbys.sign).toBeNull();
});
