/** Members as processes of their own, all fed the same tasks, each in another order. */
import { fileURLToPath } from 'node:url';
import type { FailoverOptions } from 'mongo-failover';
import { expect } from 'vitest';
import { type Journal, overlapping, type Run } from '../support/journal.ts';
import type { Program } from '../support/program.ts';
import { startMember } from '../support/startMember.ts';

const fixture = (name: string): string => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));

/** A lease that a busy machine keeps, and that a test can wait for to run out. */
export const intervals = { MASTER: 200, SLAVE: 900, TICKING: 300, POLL: 50, SYNC: 40, ERROR: 200 };

export class MemberProcess {
  readonly program: Program;

  /** With a FIFO, its thread pool is full of reads of it from the beginning. */
  constructor(
    options: FailoverOptions,
    journal: Journal,
    tasks: { ids: readonly number[]; ms: number; fifo?: string },
  ) {
    const told = { options: { intervals, ...options }, file: journal.file, ...tasks };
    this.program = startMember(fixture(tasks.fifo === undefined ? 'member.mjs' : 'busyMember.mjs'), told);
  }

  /** The first time, from line number `from` on, that it entered this state. */
  async enters(state: string, from = 0): Promise<MemberProcess> {
    await this.program.line(new RegExp(`^state ${state} `), from);
    return this;
  }

  /** Resolves when it has done so many tasks. */
  async hasDone(count: number): Promise<MemberProcess> {
    await this.program.line(new RegExp(`^done \\S+ ${count}$`));
    return this;
  }

  /** The first time that a lease that it had not released was lost. */
  async losesLease(): Promise<void> {
    await this.program.line(/^error ERR_LEASE_LOST /);
  }

  /** How many leases it lost: by its states, and by what it said of them. */
  leasesLost(): { entered: number; said: number } {
    const states = this.program.lines.flatMap((line) => /^state (\w+) /.exec(line)?.[1] ?? []);
    const after = states.filter((_, index) => states[index - 1] === 'master');
    return {
      entered: after.filter((state) => state !== 'stopped').length,
      said: this.program.lines.filter((line) => line.startsWith('error ERR_LEASE_LOST ')).length,
    };
  }

  /** Drains, releases and exits. */
  async stop(): Promise<void> {
    this.program.kill('SIGTERM');
    expect(await this.program.ended).toEqual({ code: 0, signal: null });
  }
}

/**
 * Resolves when one of them has nothing queued any more: each is fed every task that is not done, so all are done then.
 * Not one that is picked beforehand, though it is master: on a store without atomic writes two claims of one released
 * lease may both be written, and then the one that won the term loses it at its first beat.
 */
export async function allIsDone(members: Iterable<MemberProcess>): Promise<void> {
  // One that was stopped before says nothing any more, and that is no reason to fail.
  await Promise.any([...members].map(({ program }) => program.line(/^empty$/)));
}

export function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, id) => id);
}

/** Another order for each turn, and the same in each run of the tests: by a step that has no divisor in common. */
export function shuffled(ids: readonly number[], turn: number): number[] {
  const steps = [1, 7, 11, 13, 17, 19, 23].filter((step) => ids.length % step !== 0);
  const step = steps[turn % steps.length] ?? 1;
  return ids.map((_, index) => ids[(index * step) % ids.length] ?? 0);
}

/**
 * What must hold whatever happened: every task was done, no two runs at once, and terms that only rise. Returns the runs
 * that ended and yet were repeated, by their term: its standbys had not heard of them.
 */
export function expectSafe(journal: Journal, ids: readonly number[]): Map<number, Run[]> {
  const runs = journal.runs();
  expect(new Set(runs.filter(({ end }) => end !== undefined).map(({ id }) => id))).toEqual(new Set(ids));
  expect(overlapping(runs)).toEqual([]);
  const terms = runs.map(({ term }) => term);
  expect(terms).toEqual(terms.toSorted((a, b) => a - b));
  const repeated = new Map<number, Run[]>();
  for (const term of new Set(terms)) {
    const ofTerm = runs.filter((run) => run.term === term);
    // Only the last one of a term can be cut off.
    expect(ofTerm.slice(0, -1).filter(({ end }) => end === undefined)).toEqual([]);
    const later = new Set(runs.filter((run) => run.term > term).map(({ id }) => id));
    const again = ofTerm.filter(({ id, end }) => end !== undefined && later.has(id));
    if (again.length > 0) repeated.set(term, again);
  }
  return repeated;
}
