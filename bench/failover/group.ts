/** The members of one subsystem as processes: started, watched, killed or stopped, and replaced. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { childrenOf } from '../../test/support/guards.js';
import { Child } from '../support/child.js';
import { type Audit, audit } from './audit.js';
import type { MemberMessage, MemberSettings, Order } from './messages.js';
import { readTaskLog, type TaskRun } from './taskLog.js';

const entry = new URL('member.js', import.meta.url);

/** Between two looks at a queue that has to become empty, in ms. */
const POLL = 50;

export interface GroupMember {
  readonly number: number;
  readonly child: Child<MemberMessage>;
  readonly log: string;
  state: string;
  /** When it last became master, by its main thread. */
  electedAt: bigint;
  /** The term of its last mastership that has done a task; 0 before. */
  workingTerm: number;
}

export class Group {
  private readonly members: GroupMember[] = [];
  private readonly watchers = new Set<() => void>();
  private readonly killedAt = new Map<number, bigint>();
  /** The term of the last mastership that was ended on purpose. */
  private endedTerm = 0;
  /** What members said that should not be, each kind once, with how often. */
  readonly problems = new Map<string, number>();

  constructor(
    private readonly settings: MemberSettings,
    private readonly folder: string,
    private readonly size: number,
    /** What each is started by, as in a PID namespace of its own. */
    private readonly within: readonly string[] = [],
  ) {}

  /** Starts as many as are missing. */
  fill(): void {
    while (this.alive.length < this.size) this.start();
  }

  get alive(): GroupMember[] {
    return this.members.filter(({ child }) => child.alive);
  }

  /** Resolves when there is one master, at work, and all others are standbys. */
  async settled(limit: number): Promise<GroupMember> {
    return this.until(limit, () => {
      const { alive } = this;
      const masters = alive.filter(({ state }) => state === 'master');
      const standbys = alive.filter(({ state }) => state === 'slave');
      const [master] = masters;
      const whole = masters.length === 1 && standbys.length === this.size - 1;
      return whole && master !== undefined && master.workingTerm > this.endedTerm ? master : undefined;
    });
  }

  /** Kills a member with SIGKILL. Returns the moment before. */
  kill(member: GroupMember): bigint {
    return this.killBy(member, () => member.child.kill());
  }

  /** The same, but leaves the first process of its namespace, and its guard with it. */
  killInside(member: GroupMember): bigint {
    const [first] = childrenOf(member.child.pid);
    const [inside] = first === undefined ? [] : childrenOf(first);
    if (inside === undefined) throw new Error(`member ${member.number} is not found in its namespace`);
    return this.killBy(member, () => process.kill(inside, 'SIGKILL'));
  }

  private killBy(member: GroupMember, kill: () => void): bigint {
    this.endedTerm = Math.max(this.endedTerm, member.workingTerm);
    const at = process.hrtime.bigint();
    kill();
    this.killedAt.set(member.number, process.hrtime.bigint());
    member.state = 'killed';
    return at;
  }

  /** Stops it with SIGSTOP, for good. Returns the moment before. */
  freeze(member: GroupMember): bigint {
    this.endedTerm = Math.max(this.endedTerm, member.workingTerm);
    const at = process.hrtime.bigint();
    process.kill(member.child.pid, 'SIGSTOP');
    this.killedAt.set(member.number, process.hrtime.bigint());
    member.state = 'killed';
    return at;
  }

  /** Has it end by itself. Returns the moment before it was told. */
  endItself(member: GroupMember, how: 'exit' | 'throw'): bigint {
    this.endedTerm = Math.max(this.endedTerm, member.workingTerm);
    const at = process.hrtime.bigint();
    this.order(member, how);
    member.state = 'killed';
    return at;
  }

  /** Kills all, the master last, and starts as many. Returns the moment before the last kill. */
  replaceAll(master: GroupMember): bigint {
    for (const member of this.alive) if (member !== master) this.kill(member);
    const at = this.kill(master);
    for (const _ of Array.from({ length: this.size })) this.start();
    return at;
  }

  /** Stops a member, and resolves to when it did what. */
  async stop(member: GroupMember): Promise<Extract<MemberMessage, { type: 'stopped' }>> {
    this.endedTerm = Math.max(this.endedTerm, member.workingTerm);
    const stopped = member.child.next('stopped');
    this.order(member, 'stop');
    return stopped;
  }

  async status(member: GroupMember): Promise<Extract<MemberMessage, { type: 'status' }>> {
    const answer = member.child.next('status');
    this.order(member, 'status');
    return answer;
  }

  /** Resolves to the next master, when its first task is done. */
  async successor(limit: number): Promise<GroupMember> {
    return this.until(limit, () => this.alive.find(({ workingTerm }) => workingTerm > this.endedTerm));
  }

  /** The first task of the next master's first term after the one that was ended. */
  async firstTask(successor: GroupMember): Promise<TaskRun> {
    const runs = await readTaskLog(successor.log, successor.number);
    const first = runs.find(({ term }) => term > this.endedTerm);
    if (first === undefined) throw new Error('the next master said that it works, and wrote nothing');
    return first;
  }

  /**
   * Ends them one after another, each when it has done all that waits for it: a member that came later was not fed what
   * the others were before. Then looks over what all of them did.
   */
  async end(limit: number): Promise<Audit> {
    for (const member of this.alive) this.order(member, 'quiet');
    while (this.alive.length > 0) {
      const master = await this.until(limit, () => this.alive.find(({ state }) => state === 'master'));
      const { queued } = await this.status(master);
      // Asking again and again would be work of its own.
      if (queued > 0) await sleep(POLL);
      else {
        await this.stop(master);
        await master.child.ended;
      }
    }
    const runs = await Promise.all(this.members.map(({ log, number }) => readTaskLog(log, number)));
    return audit(runs.flat(), this.killedAt);
  }

  private start(): void {
    const number = this.members.length + 1;
    const log = join(this.folder, `tasks-${number}.log`);
    const child = new Child<MemberMessage>(entry, this.settings, { BENCH_TASK_LOG: log }, this.within);
    const member: GroupMember = { number, child, log, state: 'started', electedAt: 0n, workingTerm: 0 };
    child.listen((message) => {
      if (message.type === 'state' && member.state !== 'killed') member.state = message.to;
      if (message.type === 'state' && message.to === 'master') member.electedAt = message.at;
      if (message.type === 'working') member.workingTerm = message.term;
      if (message.type === 'problem') this.problems.set(message.text, (this.problems.get(message.text) ?? 0) + 1);
      this.changed();
    });
    void child.ended.then(() => this.changed());
    this.members.push(member);
  }

  private order(member: GroupMember, type: Order['type']): void {
    member.child.send({ type });
  }

  private changed(): void {
    for (const watcher of this.watchers) watcher();
  }

  private until<T>(limit: number, find: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.watchers.delete(look);
        const states = this.alive.map(({ number, state }) => `${number}: ${state}`).join(', ');
        const problems = [...this.problems.keys()].slice(0, 5).join('; ');
        reject(new Error(`not within ${limit} ms; members ${states}; ${problems}`));
      }, limit);
      const look = (): void => {
        const found = find();
        if (found === undefined) return;
        clearTimeout(timer);
        this.watchers.delete(look);
        resolve(found);
      };
      this.watchers.add(look);
      look();
    });
  }
}
