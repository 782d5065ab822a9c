/**
 * Sees that the process which holds a lease is gone (rule 12), if it ran on this machine.
 * The rules: docs/explain/protocol.md#the-rules
 *
 * A process counts as gone only if this coordinator has seen it alive before, by the identity that the lease names. The boot
 * id and the number of a namespace alone do not prove that a process was of this machine: a virtual machine that was cloned
 * while it ran has both from its original.
 */
import type { Lease } from '../store/store.js';
import type { Lifelines } from '../surroundings/lifelines.js';
import { isAlive, type ProcessIdentity, type ProcessTable, processKey } from '../surroundings/processIdentity.js';
import { Alarm } from '../time/alarm.js';
import type { Clock } from '../time/clock.js';

/**
 * The longest between two looks at a process, in ms. The looks of members at their leases count, and with the default POLL
 * they come every 500 ms. A wake-up between them for nothing else would cost an idle standby 10 to 20 % of its CPU time.
 */
const LOOK_PERIOD_MS = 600;
/** How long one look is enough for all members, in ms. */
const FRESH_MS = 100;
/** Processes whose last look is kept. */
const LOOKS_MAX = 100;
/** When a process is looked at after its lifeline has ended, in ms: the kernel closes it some time before the process is gone. */
const AFTER_END_MS = [1, 5, 20, 50, 100, 200];

interface DeathWatchParts {
  readonly me: ProcessIdentity;
  readonly table: ProcessTable;
  readonly lifelines: Lifelines;
  readonly clock: Clock;
}

/** What is known of the process that a lease names. */
interface Witnessed {
  readonly claim: string;
  readonly process: ProcessIdentity;
  /** Whether it was ever seen alive. */
  seen: boolean;
  told: boolean;
}

/** One for all members of a coordinator, which share the looks at a process. */
export class DeathWatch {
  private readonly members = new Set<HolderWatch>();
  private readonly looks = new Map<string, { readonly at: number; readonly alive: boolean }>();
  /** By process: how many members follow it, and how to follow it no more. */
  private readonly lines = new Map<string, { followers: number; readonly end: () => void }>();
  private readonly alarm: Alarm;

  constructor(private readonly parts: DeathWatchParts) {
    this.alarm = new Alarm(parts.clock, () => this.look());
  }

  /** Makes the watch of one member. `gone` is called once for each holder that is found to be gone between two of its looks. */
  add(gone: () => void): HolderWatch {
    const watch = new HolderWatch(this, gone, () => this.members.delete(watch));
    this.members.add(watch);
    return watch;
  }

  /** Returns whether the process can be told from every other one that this machine has had since it was started. */
  knows({ boot, namespace, start }: ProcessIdentity): boolean {
    const { me } = this.parts;
    return boot !== '' && namespace !== '' && start !== '' && boot === me.boot && namespace === me.namespace;
  }

  /** Returns whether the process lives, by a look that is fresh. */
  isAlive(process: ProcessIdentity): boolean {
    const { me, table, clock } = this.parts;
    const key = processKey(process);
    const last = this.looks.get(key);
    if (last !== undefined && clock.now() - last.at < FRESH_MS) return last.alive;
    const alive = isAlive(process, me, table) !== false;
    if (this.looks.size >= LOOKS_MAX) this.looks.clear();
    this.looks.set(key, { at: clock.now(), alive });
    this.lookAgain();
    return alive;
  }

  /** Has its members look at this process as soon as it may have ended. Returns how to follow it no more. */
  follow(process: ProcessIdentity): () => void {
    const { me, lifelines } = this.parts;
    const key = processKey(process);
    if (key === processKey(me)) return () => {};
    const line = this.lines.get(key) ?? { followers: 0, end: lifelines.follow(process, () => this.mayHaveEnded(key)) };
    line.followers += 1;
    this.lines.set(key, line);
    return () => {
      line.followers -= 1;
      if (line.followers > 0) return;
      line.end();
      this.lines.delete(key);
    };
  }

  private mayHaveEnded(key: string): void {
    const { clock } = this.parts;
    const from = clock.now();
    for (const delay of AFTER_END_MS) clock.at(from + delay, () => this.lookAfresh(key));
  }

  private lookAfresh(key: string): void {
    if (this.looks.get(key)?.alive === false) return;
    this.looks.delete(key);
    for (const member of this.members) member.check(key);
  }

  /** Has the next look come, at the process that was not looked at for the longest. */
  private lookAgain(): void {
    const oldest = Math.min(...[...this.looks.values()].map(({ at }) => at));
    this.alarm.clear();
    if (this.looks.size > 0) this.alarm.by(oldest + LOOK_PERIOD_MS);
  }

  private look(): void {
    const now = this.parts.clock.now();
    for (const [key, { at }] of this.looks) if (at + LOOK_PERIOD_MS <= now) this.looks.delete(key);
    for (const member of this.members) member.check();
    this.lookAgain();
  }
}

/** The holder of one lease, as one member sees it. */
export class HolderWatch {
  private holder: Witnessed | null = null;
  private unfollow: () => void = () => {};

  constructor(
    private readonly watch: DeathWatch,
    private readonly gone: () => void,
    private readonly left: () => void,
  ) {}

  stop(): void {
    this.unfollow();
    this.left();
  }

  /** Takes a lease as a look has shown it. Returns whether the process that made its claim is certainly gone. */
  isGone(lease: Lease | null): boolean {
    const process = lease?.process;
    if (lease === null || lease.holder === null || process === undefined || !this.watch.knows(process)) {
      this.unfollow();
      this.holder = null;
      return false;
    }
    const holder = this.holder?.claim === lease.claim ? this.holder : this.see(lease.claim, process);
    const alive = this.watch.isAlive(process);
    holder.seen ||= alive;
    return holder.seen && !alive;
  }

  private see(claim: string, process: ProcessIdentity): Witnessed {
    const follow = this.watch.follow(process);
    this.unfollow();
    this.unfollow = once(follow);
    this.holder = { claim, process, seen: false, told: false };
    return this.holder;
  }

  /** Looks again, if the process is the one with this key, or no key is given. */
  check(key?: string): void {
    const { holder } = this;
    if (holder === null || !holder.seen || holder.told) return;
    if ((key !== undefined && key !== processKey(holder.process)) || this.watch.isAlive(holder.process)) return;
    holder.told = true;
    this.gone();
  }
}

function once(call: () => void): () => void {
  let called = false;
  return () => {
    if (!called) call();
    called = true;
  };
}
