/** Members of a durable queue as processes of their own, a submitter that outlives them, and what must hold at the end. */
import { fileURLToPath } from 'node:url';
import {
  FailoverError,
  type FailoverOptions,
  failover,
  type ManagedCluster,
  type ManagedOptions,
} from 'mongo-failover';
import { expect, inject, onTestFinished } from 'vitest';
import { databaseUri } from '../support/database.ts';
import { type Journal, overlapping, type Run } from '../support/journal.ts';
import type { Program } from '../support/program.ts';
import { startMember } from '../support/startMember.ts';
import { intervals } from './memberProcess.ts';

const program = fileURLToPath(new URL('./fixtures/durableMember.mjs', import.meta.url));
const work = new URL('./fixtures/durableWork.mjs', import.meta.url);

export type Id = string | number;

interface Task {
  readonly id: Id;
  readonly file: string;
  readonly ms?: number;
  readonly poison?: boolean;
}

/** What all members of one queue have in common. */
export interface Queue {
  readonly options: FailoverOptions;
  readonly journal: Journal;
  readonly managed?: Omit<ManagedOptions, 'durable'>;
}

/** Where the tests' own server is weak, some things cannot be promised. */
export function isAtomic(store: string): boolean {
  return store === 'embedded' || inject('server').atomic;
}

export function storeIn(store: string, folder: string): FailoverOptions {
  return store === 'embedded' ? { nodb: { path: folder } } : { mongodb: { connectString: databaseUri() } };
}

export class DurableMember {
  readonly program: Program;

  constructor(
    { options, journal, managed }: Queue,
    { submits = 0, onMain = false }: { submits?: number; onMain?: boolean } = {},
  ) {
    const told = { options: { intervals, ...options }, file: journal.file, managed, submits, onMain };
    this.program = startMember(program, told);
  }

  async enters(state: string, from = 0): Promise<DurableMember> {
    await this.program.line(new RegExp(`^state ${state} `), from);
    return this;
  }

  /** Resolves when it has done so many tasks more than it has by now. */
  async doesMore(count: number): Promise<DurableMember> {
    const last = this.program.lines.findLast((line) => line.startsWith('done '));
    const before = Number(last?.split(' ')[2] ?? 0);
    await this.program.line(new RegExp(`^done \\S+ ${before + count}$`));
    return this;
  }

  /** Resolves when it has done this task. */
  async hasDone(id: Id): Promise<DurableMember> {
    await this.program.line(new RegExp(`^done ${id} `));
    return this;
  }

  /** The ids that the store has said to have. */
  get stored(): Id[] {
    return this.program.lines.filter((line) => line.startsWith('stored ')).map((line) => line.slice('stored '.length));
  }

  async kill(): Promise<void> {
    this.program.kill('SIGKILL');
    await this.program.ended;
  }

  /** Drains, releases and exits. */
  async stop(): Promise<void> {
    this.program.kill('SIGTERM');
    expect(await this.program.ended).toEqual({ code: 0, signal: null });
  }
}

/** A member that never runs, in the process of the test, so no kill meets it. */
export class Submitter {
  /** What the store has said to have. */
  readonly stored: Id[] = [];
  /** Those that it said so of when it was first asked, in the order of the calls. */
  readonly inOrder: Id[] = [];
  /** How often a call failed and was made again. */
  failures = 0;
  readonly cluster: ManagedCluster<Task>;

  constructor({ options, managed }: Queue) {
    const opened = failover({ intervals, ...options });
    onTestFinished(() => opened.close());
    this.cluster = new opened.managed<Task>('durable', 'id', work, { ...managed, durable: true });
  }

  /** All at once; those that fail, again, until each is stored. */
  async submit(tasks: readonly Task[]): Promise<void> {
    let left = tasks;
    while (left.length > 0) {
      const answers = await Promise.allSettled(left.map((task) => this.cluster.submitWork(task, { wait: true })));
      for (const answer of answers) if (answer.status === 'rejected') this.failed(answer.reason);
      const isStored = (_: Task, index: number) => answers[index]?.status === 'fulfilled';
      const stored = left.filter(isStored).map(({ id }) => id);
      this.stored.push(...stored);
      if (left === tasks) this.inOrder.push(...stored);
      left = left.filter((task, index) => !isStored(task, index));
    }
  }

  private failed(error: unknown): void {
    if (!(error instanceof FailoverError) || !error.code.startsWith('ERR_STORE')) throw error;
    this.failures += 1;
  }
}

/** What must hold on any store: what was stored has run to its end, and no two runs at once. Returns the runs. */
export function expectNothingLost(journal: Journal, stored: readonly Id[]): Run[] {
  const runs = journal.runs();
  const ended = new Set(runs.filter(({ end }) => end !== undefined).map(({ id }) => id));
  expect(stored.filter((id) => !ended.has(id))).toEqual([]);
  expect(overlapping(runs)).toEqual([]);
  return runs;
}

/**
 * What holds where writes are atomic: the terms follow each other, each goes through the queue without a gap from where
 * it began, and begins no later than where the one before had come to. Returns how many tasks each term left to be
 * repeated; tasks that never failed are expected.
 */
export function expectOneOrder(runs: readonly Run[]): Map<number, number> {
  const terms = runs.map(({ term }) => term);
  expect(terms).toEqual(terms.toSorted((a, b) => a - b));
  const position = new Map<Id, number>();
  for (const { id } of runs) if (!position.has(id)) position.set(id, position.size);
  const repeated = new Map<number, number>();
  for (const [index, run] of runs.entries()) {
    const before = runs[index - 1];
    const [from, to] = [position.get(before?.id ?? '') ?? -1, position.get(run.id) ?? -1];
    if (before === undefined || before.term === run.term) expect(to, `what follows on ${before?.id}`).toBe(from + 1);
    else repeated.set(before.term, from + 1 - to);
  }
  return repeated;
}

/** Of each submitter, the order of first runs is that of its calls. */
export function expectOrderOf(runs: readonly Run[], submitted: readonly Id[]): void {
  const asked = new Set(submitted);
  const first = [...new Set(runs.map(({ id }) => id))].filter((id) => asked.has(id));
  expect(first).toEqual(submitted);
}
