/** Members as processes that work off one stored queue, and a client beside them that stores the tasks and never dies. */
import { fileURLToPath } from 'node:url';
import { type FailoverOptions, failover, type ManagedCluster, type ManagedOptions } from 'mongo-failover';
import { expect, onTestFinished } from 'vitest';
import { Program } from '../support/program.ts';
import { intervals } from './memberProcess.ts';

const program = fileURLToPath(new URL('./fixtures/durableMember.mjs', import.meta.url));
const nothing = fileURLToPath(new URL('../support/works/journal.mjs', import.meta.url));

export interface DurableSetup {
  readonly options: FailoverOptions;
  readonly managed?: ManagedOptions;
  /** The module of the work, relative to the fixtures. */
  readonly work?: string;
}

export class DurableProcess {
  readonly program: Program;

  constructor({ options, managed = {}, work = '../../support/works/journal.mjs' }: DurableSetup) {
    const told = { options: { intervals, ...options }, managed, work };
    this.program = new Program([program, JSON.stringify(told)], process.env);
    onTestFinished(() => this.program.end());
  }

  /** The first time that it entered this state. */
  async enters(state: string): Promise<DurableProcess> {
    await this.program.line(new RegExp(`^state ${state} `));
    return this;
  }

  /** Resolves when it has done, and acknowledged, so many tasks. */
  async hasDone(count: number): Promise<DurableProcess> {
    await this.program.line(new RegExp(`^done \\S+ ${count}$`));
    return this;
  }

  async stop(): Promise<void> {
    this.program.kill('SIGTERM');
    expect(await this.program.ended).toEqual({ code: 0, signal: null });
  }
}

/** A member that is never run: it only stores tasks. */
export function submitter({ options }: DurableSetup): ManagedCluster<{ id: number }> {
  const opened = failover({ intervals, ...options });
  onTestFinished(() => opened.close());
  return new opened.managed<{ id: number }>('durable', 'id', nothing, { durable: true });
}

/** Resolves when nothing is queued any more; asked again at each sign of one of the members. */
export async function allDone(queue: ManagedCluster<{ id: number }>, members: Iterable<DurableProcess>): Promise<void> {
  const programs = [...members].map((member) => member.program);
  for (;;) {
    const { queued } = await queue.status();
    if (queued === 0) return;
    const news = programs.map((member) => member.line(/^(?:done|dead|state) /, member.lines.length));
    await Promise.any(news);
  }
}
