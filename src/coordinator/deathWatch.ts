/**
 * Sees that the process which holds a lease is gone (rule 12), if it ran on this machine.
 * The rules: docs/explain/protocol.md#the-rules
 *
 * A process counts as gone only if this coordinator has seen it alive before, by the identity that the lease names. The boot
 * id and the number of a namespace alone do not prove that a process was of this machine: a virtual machine that was cloned
 * while it ran has both from its original.
 */
import type { Lease } from '../store/store.js';
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

interface DeathWatchParts {
  readonly me: ProcessIdentity;
  readonly table: ProcessTable;
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

  constructor(
    private readonly watch: DeathWatch,
    private readonly gone: () => void,
    readonly stop: () => void,
  ) {}

  /** Takes a lease as a look has shown it. Returns whether the process that made its claim is certainly gone. */
  isGone(lease: Lease | null): boolean {
    const process = lease?.process;
    if (lease === null || lease.holder === null || process === undefined || !this.watch.knows(process)) {
      this.holder = null;
      return false;
    }
    if (this.holder?.claim !== lease.claim) this.holder = { claim: lease.claim, process, seen: false, told: false };
    const { holder } = this;
    const alive = this.watch.isAlive(process);
    holder.seen ||= alive;
    return holder.seen && !alive;
  }

  /** Looks again. */
  check(): void {
    const { holder } = this;
    if (holder === null || !holder.seen || holder.told || this.watch.isAlive(holder.process)) return;
    holder.told = true;
    this.gone();
  }
}
