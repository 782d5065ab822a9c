/**
 * Liveness: from a state that the search has reached, the faults stop, and everything happens at once and in a fixed order, until a
 * member works. What was under way is ended in two ways, one tried after the other: all of it arrives, or none of it does, and
 * a member that waits is told that it failed.
 *
 * The ways that follow flow into each other, so it is remembered how long it took from each state on them.
 */
import assert from 'node:assert/strict';
import { apply } from './apply.ts';
import { moveOf, TICK } from './moveNames.ts';
import { movesOf } from './moves.ts';
import { NormalForm } from './normalForm.ts';
import { bound, type Setting } from './setting.ts';
import { StateSet } from './stateSet.ts';
import { Violation, type World } from './world.ts';

/** Far more moves than any tick has: who gets there goes round in circles. */
const MOVES_MAX = 5000;

export class Calm {
  /** The most ticks it took. */
  longest = 0;
  private readonly bound: number;
  private readonly form: NormalForm;
  /** Beside each state how many ticks it takes from there. */
  private readonly known = new StateSet();
  private readonly codes: number[] = [];

  constructor(
    private readonly setting: Setting,
    first: World,
  ) {
    this.bound = bound(setting);
    this.form = new NormalForm(setting, first);
  }

  /** @throws Violation when no member works within the bound */
  tryFrom(world: World): void {
    this.requireWork(this.end(world, 'arrives'), 'all that was under way arrives');
    this.requireWork(this.end(world, 'fails'), 'all that was under way is lost');
  }

  /** Whatever a fault has left is over, at this very moment. */
  private end(from: World, how: 'arrives' | 'fails'): World {
    const { setting, codes } = this;
    let world = from;
    for (let moves = 0; moves < MOVES_MAX; moves++) {
      movesOf(setting, world, false, codes);
      const code = codes.find((each) => isEnding(world, each, how));
      if (code === undefined) return how === 'fails' ? withoutLost(world) : world;
      world = apply(setting, world, code);
    }
    throw new Violation('what is under way never ends');
  }

  private requireWork(from: World, how: string): void {
    const { setting, codes, form, known } = this;
    /** The states on the way, each with the tick at which it was met. */
    const way: number[] = [];
    let world = from;
    let ticks = 0;
    let left: number | undefined;
    for (let moves = 0; left === undefined; moves++) {
      if (world.seats.some(({ working }) => working)) left = 0;
      else {
        form.hash(world);
        left = known.get(form.high, form.low);
        if (left === undefined) {
          if (ticks > this.bound || moves > MOVES_MAX) {
            throw new Violation(`no member works within ${this.bound} ticks after the last fault, when ${how}`);
          }
          way.push(form.high, form.low, ticks);
          movesOf(setting, world, false, codes);
          const code = codes.find((each) => moveOf(each).name !== 'abandon');
          assert.ok(code !== undefined, 'something can always happen');
          if (moveOf(code).name === 'tick') ticks += 1;
          world = apply(setting, world, code);
        }
      }
    }
    if (ticks + left > this.bound) {
      throw new Violation(
        `a member works only ${ticks + left} ticks after the last fault, when ${how}; the bound is ${this.bound}`,
      );
    }
    this.longest = Math.max(this.longest, ticks + left);
    for (let at = 0; at < way.length; at += 3) {
      const [high = 0, low = 0, met = 0] = way.slice(at, at + 3);
      known.add(high, low, ticks + left - met);
    }
  }
}

/** Whether the move ends something that a fault has begun. */
function isEnding(world: World, code: number, how: 'arrives' | 'fails'): boolean {
  if (code === TICK) return false;
  const { name, index } = moveOf(code);
  switch (name) {
    case 'resume':
    case 'run':
    case 'answer':
    case 'drained':
    case 'rested':
    case 'fit':
      return true;
    case 'land':
    case 'write':
    case 'back':
      return how === 'arrives' || world.calls[index]?.stage === 'copy';
    case 'fail':
      return how === 'fails';
    default:
      return false;
  }
}

function withoutLost(world: World): World {
  return { ...world, calls: world.calls.filter(({ stage }) => stage === 'asked') };
}
