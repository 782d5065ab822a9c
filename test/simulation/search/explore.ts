/**
 * The search: every state that can be reached with so many faults, those with fewer faults first, and among those with as many
 * the ones with fewer moves. So a state is met first with the most faults left, is followed once, and the trace to a
 * violation has the fewest faults and, with those, the fewest moves.
 */
import assert from 'node:assert/strict';
import { apply } from './apply.ts';
import { Calm } from './calm.ts';
import { isFault } from './moveNames.ts';
import { movesOf } from './moves.ts';
import { NormalForm } from './normalForm.ts';
import { bound, type Setting } from './setting.ts';
import { StateSet } from './stateSet.ts';
import { firstWorld, tipOf, Violation, type World } from './world.ts';

interface Found {
  readonly message: string;
  /** From the first world on. */
  readonly moves: readonly number[];
}

export interface Report {
  readonly states: number;
  readonly transitions: number;
  /** The most moves from the first state to any. */
  readonly depth: number;
  readonly highestTerm: number;
  /** States that were not followed because of the bound of terms or beats. */
  readonly cut: number;
  /** False when `maxStates` ended it. */
  readonly exhaustive: boolean;
  /** How many states liveness was tried from, and how many ticks it took at most, of how many that it may. */
  readonly liveness: { readonly tried: number; readonly longest: number; readonly bound: number };
  readonly violation: Found | null;
}

interface Pending {
  readonly world: World;
  readonly id: number;
  readonly depth: number;
}

export function explore(setting: Setting): Report {
  return new Exploration(setting).run();
}

class Exploration {
  private readonly seen = new StateSet(1 << 18);
  private readonly form: NormalForm;
  private readonly calm: Calm;
  private readonly parents: Column = new Column();
  private readonly moves: Column = new Column();
  private transitions = 0;
  private depth = 0;
  private highestTerm = 0;
  private cut = 0;
  private tried = 0;
  private exhaustive = true;
  private violation: Found | null = null;

  constructor(private readonly setting: Setting) {
    const first = firstWorld(setting);
    this.form = new NormalForm(setting, first);
    this.calm = new Calm(setting, first);
  }

  run(): Report {
    const first: Pending = { world: firstWorld(this.setting), id: 0, depth: 0 };
    this.form.hash(first.world);
    this.seen.add(this.form.high, this.form.low);
    this.parents.push(0);
    this.moves.push(0);
    let seeds: Pending[] = [first];
    for (let used = 0; used <= this.setting.faults && this.going; used++) seeds = this.level(seeds, used);
    return {
      states: this.seen.size,
      transitions: this.transitions,
      depth: this.depth,
      highestTerm: this.highestTerm,
      cut: this.cut,
      exhaustive: this.exhaustive && this.violation === null,
      liveness: { tried: this.tried, longest: this.calm.longest, bound: bound(this.setting) },
      violation: this.violation,
    };
  }

  private get going(): boolean {
    return this.violation === null && this.exhaustive;
  }

  /** Follows all that can be reached from the seeds without a fault; returns what one more fault leads to. */
  private level(seeds: (Pending | undefined)[], used: number): Pending[] {
    const { setting } = this;
    const next: Pending[] = [];
    let now: Pending[] = [];
    let later: Pending[] = [];
    let seed = 0;
    const codes: number[] = [];
    for (let depth = seeds[0]?.depth ?? 0; this.going; depth++) {
      for (let pending = seeds[seed]; pending?.depth === depth; pending = seeds[++seed]) {
        now.push(pending);
        // What has been followed is not needed again.
        seeds[seed] = undefined;
      }
      if (now.length === 0 && seed >= seeds.length) break;
      for (const pending of now) {
        if (!this.going) break;
        movesOf(setting, pending.world, used < setting.faults, codes);
        for (const code of codes) this.follow(pending, code, isFault(code) ? next : later);
      }
      [now, later] = [later, []];
    }
    return next;
  }

  private follow(from: Pending, code: number, into: Pending[]): void {
    if (!this.going) return;
    this.transitions += 1;
    let world: World;
    try {
      world = apply(this.setting, from.world, code);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      this.violation = { message: messageOf(error), moves: [...this.movesTo(from.id), code] };
      return;
    }
    this.form.hash(world);
    const { high, low } = this.form;
    if (!this.seen.add(high, low)) return;
    const id = this.parents.push(from.id);
    this.moves.push(code);
    const depth = from.depth + 1;
    this.depth = Math.max(this.depth, depth);
    this.highestTerm = Math.max(this.highestTerm, tipOf(world));
    const { liveness, maxStates } = this.setting;
    if (liveness > 0 && id % liveness === 0) this.tryLiveness(world, id);
    if (this.seen.size >= maxStates) this.exhaustive = false;
    if (this.isBeyond(world)) this.cut += 1;
    else into.push({ world, id, depth });
  }

  private tryLiveness(world: World, id: number): void {
    this.tried += 1;
    try {
      this.calm.tryFrom(world);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      this.violation = { message: messageOf(error), moves: this.movesTo(id) };
    }
  }

  private isBeyond(world: World): boolean {
    const { terms, beats } = this.setting;
    if (terms > 0 && tipOf(world) > terms) return true;
    return beats > 0 && world.seats.some(({ state }) => (state.mastership?.beat ?? 0) > beats);
  }

  private movesTo(id: number): number[] {
    const moves: number[] = [];
    for (let at = id; at !== 0; at = this.parents.get(at)) moves.push(this.moves.get(at));
    return moves.reverse();
  }
}

function messageOf(error: Error): string {
  return error instanceof Violation ? error.message : `${error.name}: ${error.message}`;
}

/** A list of whole numbers that grows. */
class Column {
  private values = new Int32Array(1 << 16);
  private size = 0;

  /** Returns its place. */
  push(value: number): number {
    if (this.size === this.values.length) {
      const values = new Int32Array(this.size * 2);
      values.set(this.values);
      this.values = values;
    }
    this.values[this.size] = value;
    this.size += 1;
    return this.size - 1;
  }

  get(at: number): number {
    const value = this.values[at];
    assert.ok(value !== undefined);
    return value;
  }
}
