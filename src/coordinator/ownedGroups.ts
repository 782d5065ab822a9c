/**
 * Ends the groups of processes that a member owns, on time: before the validity of its lease does, and before the lease is
 * released. It does so on the coordinator thread, because the main thread may be blocked.
 *
 *   runs      `signalBefore` the validity ends it is asked to end, and so it is by `end`, `drain` and `exit`.
 *   ending    a beat that succeeds now does not save it. It is killed `killBefore` the validity ends, or `killAfter` the signal.
 *   killed    until no process of it is left. One that cannot die, as in an uninterruptible sleep, is `stuck`: then nothing
 *             is released.
 *
 * The guard is told each time until when a group may go on, a little later than this would kill it. So it does the same if
 * the whole process is stopped.
 */
import type { ProcessGroup } from '../guard/orders.js';
import { Alarm } from '../time/alarm.js';
import type { Clock } from '../time/clock.js';
import type { GroupEnd, GroupEndCause, GroupNews, OwnedGroup } from '../wire/groups.js';

/** Between two looks whether a group has ended, in ms: doubled after each, up to the second of these. */
const LOOK_MIN_MS = 2;
const LOOK_MAX_MS = 50;
/** How long processes may take to end once they were killed, in ms. */
const STUCK_AFTER_MS = 2000;

interface OwnedGroupsParts {
  readonly clock: Clock;
  readonly guard: {
    addGroup(group: ProcessGroup): void;
    whenKnown(number: number): Promise<boolean>;
    removeGroup(number: number): void;
  };
  readonly processes: {
    signal(group: ProcessGroup, signal: NodeJS.Signals): void;
    kill(group: ProcessGroup): void;
    /** Returns whether a process of the group may be left. */
    lives(group: ProcessGroup): boolean;
  };
  emit(news: GroupNews): void;
}

interface Entry {
  readonly group: OwnedGroup;
  phase: 'runs' | 'ending' | 'killed';
  killBy: number;
  killedAt: number;
  wait: number;
  waiting: ((end: GroupEnd) => void)[];
}

export class OwnedGroups {
  private readonly entries = new Map<number, Entry>();
  /** When the validity of the lease ends; nothing may run before the first lease. */
  private validUntil = Number.NEGATIVE_INFINITY;
  /** Whether a group may be added: from the begin of a mastership until it is given up, or its end is under way. */
  private isOpen = false;
  private readonly alarm: Alarm;

  constructor(private readonly parts: OwnedGroupsParts) {
    this.alarm = new Alarm(parts.clock, () => this.look());
  }

  /** Resolves to true when the guard knows the group, and the lease lasts: only then may it begin its work. */
  async add(group: OwnedGroup): Promise<boolean> {
    if (!this.isOpen || this.parts.clock.now() >= this.validUntil - group.signalBefore) return false;
    const never = Number.POSITIVE_INFINITY;
    const entry: Entry = { group, phase: 'runs', killBy: never, killedAt: never, wait: LOOK_MIN_MS, waiting: [] };
    this.entries.set(group.number, entry);
    this.tellGuard(group);
    this.lookAgain();
    return (await this.parts.guard.whenKnown(group.number)) && entry.phase === 'runs';
  }

  /** A mastership begins. */
  elected(): void {
    this.isOpen = true;
  }

  /** Takes the end of the validity, which a beat has moved on. */
  held(validUntil: number): void {
    this.validUntil = validUntil;
    for (const { group } of this.entries.values()) this.tellGuard(group);
    this.lookAgain();
  }

  /** Kills all groups: the lease is gone. */
  lost(): void {
    this.validUntil = Number.NEGATIVE_INFINITY;
    this.killAll('lost');
  }

  /** Kills all groups: this process exits. */
  exit(): void {
    this.killAll('exit');
  }

  private killAll(cause: GroupEndCause): void {
    this.isOpen = false;
    for (const entry of this.entries.values()) this.kill(entry, cause);
    this.lookAgain();
  }

  /**
   * Ends a group: with this signal, and killed `patience` ms later; null takes those of the group. A second request may
   * shorten that. Resolves when no process of it is left, or when one cannot be killed.
   */
  async end(number: number, signal: NodeJS.Signals | null = null, patience: number | null = null): Promise<GroupEnd> {
    const entry = this.entries.get(number);
    if (entry === undefined) return 'gone';
    return this.endEntry(entry, 'asked', signal ?? entry.group.signal, patience ?? entry.group.killAfter);
  }

  /** Ends all groups, because the lease is to be released. None is added before the next mastership. */
  async drain(): Promise<'drained' | 'stuck'> {
    this.isOpen = false;
    const ends = await Promise.all(
      [...this.entries.values()].map((entry) =>
        this.endEntry(entry, 'drain', entry.group.signal, entry.phase === 'runs' ? entry.group.killAfter : Infinity),
      ),
    );
    return ends.includes('stuck') ? 'stuck' : 'drained';
  }

  private endEntry(entry: Entry, cause: GroupEndCause, signal: NodeJS.Signals, patience: number): Promise<GroupEnd> {
    return new Promise((resolve) => {
      entry.waiting.push(resolve);
      this.begin(entry, cause, signal, patience);
      this.look();
    });
  }

  private begin(entry: Entry, cause: GroupEndCause, signal: NodeJS.Signals, patience: number): void {
    const { clock, processes, emit } = this.parts;
    entry.killBy = Math.min(entry.killBy, clock.now() + patience);
    // What has been killed, or asked by a drain that comes after another signal, is not asked again.
    if (entry.phase === 'killed' || (entry.phase === 'ending' && cause !== 'asked')) return;
    if (!processes.lives(entry.group)) return this.gone(entry);
    if (signal === 'SIGKILL') return this.kill(entry, cause);
    entry.phase = 'ending';
    entry.wait = LOOK_MIN_MS;
    processes.signal(entry.group, signal);
    // One that is stopped would not take the signal before it goes on.
    processes.signal(entry.group, 'SIGCONT');
    emit({ type: 'group', number: entry.group.number, cause, signal });
  }

  private kill(entry: Entry, cause: GroupEndCause): void {
    if (entry.phase === 'killed') return;
    const { clock, processes, emit } = this.parts;
    entry.phase = 'killed';
    entry.wait = LOOK_MIN_MS;
    entry.killedAt = clock.now();
    processes.kill(entry.group);
    emit({ type: 'group', number: entry.group.number, cause, signal: 'SIGKILL' });
  }

  private look(): void {
    for (const entry of [...this.entries.values()]) this.lookAt(entry);
    this.lookAgain();
  }

  private lookAt(entry: Entry): void {
    const { clock, processes } = this.parts;
    const now = clock.now();
    const { group } = entry;
    if (entry.phase === 'runs' && now >= this.validUntil - group.signalBefore) {
      this.begin(entry, 'lease', group.signal, group.killAfter);
    }
    if (entry.phase === 'runs' || !this.entries.has(group.number)) return;
    if (!processes.lives(group)) return this.gone(entry);
    // What it started in the meantime, or whom a change of rights had saved.
    if (now > entry.killedAt) processes.kill(group);
    if (entry.phase === 'killed') {
      if (now >= entry.killedAt + STUCK_AFTER_MS) this.settle(entry, 'stuck');
    } else if (now >= this.validUntil - group.killBefore) this.kill(entry, 'lease');
    else if (now >= entry.killBy) this.kill(entry, 'asked');
    entry.wait = Math.min(LOOK_MAX_MS, 2 * entry.wait);
  }

  private gone(entry: Entry): void {
    this.entries.delete(entry.group.number);
    this.parts.guard.removeGroup(entry.group.number);
    this.settle(entry, 'gone');
  }

  private settle(entry: Entry, end: GroupEnd): void {
    for (const resolve of entry.waiting.splice(0)) resolve(end);
  }

  private lookAgain(): void {
    const now = this.parts.clock.now();
    this.alarm.clear();
    for (const { group, phase, killBy, wait } of this.entries.values()) {
      if (phase === 'runs') this.alarm.by(this.validUntil - group.signalBefore);
      else this.alarm.by(now + wait);
      if (phase === 'ending') this.alarm.by(Math.min(killBy, this.validUntil - group.killBefore));
    }
  }

  private tellGuard({ number, start, marker, killBefore }: OwnedGroup): void {
    const until = this.validUntil - killBefore / 2;
    this.parts.guard.addGroup({ number, start, until, ...(marker === undefined ? {} : { marker }) });
  }
}
