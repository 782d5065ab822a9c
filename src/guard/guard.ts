/**
 * The guard of this process, from the side of its ward: started with the coordinator, told of its members, and replaced, with
 * back-off, when it dies.
 */
import { FailoverError } from '../errors.js';
import type { Cancel, Clock } from '../time/clock.js';
import { RestartDelay } from '../time/restartDelay.js';
import { type Charter, Duties, type GuardOrder, type GuardReply, type ProcessGroup } from './orders.js';

/** One guard that runs. */
export interface GuardProcess {
  send(order: GuardOrder): void;
  /** Closes the channel, at which it ends. Resolves when it has ended, or cannot be waited for any longer. */
  end(): Promise<void>;
}

interface GuardParts {
  readonly charter: Charter;
  readonly clock: Clock;
  /**
   * Starts a process. Calls `ended` once, with the reason, if it ends or could not be started, and `heard` with what it says.
   * May throw.
   */
  start(ended: (why: string) => void, heard: (reply: GuardReply) => void): GuardProcess;
  /** Called when a guard has died, or could not be started. */
  died(error: FailoverError): void;
}

export class Guard {
  private readonly duties = new Duties();
  private process: GuardProcess | null = null;
  private readonly delay = new RestartDelay();
  private cancelRestart: Cancel = () => {};
  private closed = false;
  /** The groups that the present guard has said that it knows. */
  private readonly known = new Set<number>();
  private readonly waiting = new Map<number, ((isKnown: boolean) => void)[]>();

  constructor(private readonly parts: GuardParts) {
    this.duties.take({ type: 'begin', charter: parts.charter });
    this.start();
  }

  /** Has the lease of this name released after the death of this process, if this member holds it then. */
  addMember(holder: string, name: string): void {
    this.tell({ type: 'addMember', holder, name });
  }

  /** Called when the member holds no lease any more, and claims none. */
  removeMember(holder: string): void {
    this.tell({ type: 'removeMember', holder });
  }

  /**
   * Has a group of processes killed after the death of this process, before any lease is released. Called again, it changes
   * until when the group may go on.
   */
  addGroup(group: ProcessGroup): void {
    this.tell({ type: 'addGroup', group });
  }

  /** Resolves to true when a guard has said that it knows the group; to false when the group is removed before that. */
  whenKnown(number: number): Promise<boolean> {
    if (this.known.has(number)) return Promise.resolve(true);
    return new Promise((resolve) => this.waiting.set(number, [...(this.waiting.get(number) ?? []), resolve]));
  }

  removeGroup(number: number): void {
    this.known.delete(number);
    this.settle(number, false);
    this.tell({ type: 'removeGroup', number });
  }

  /** Ends the guard: nothing is left for it to do. */
  async close(): Promise<void> {
    this.closed = true;
    this.cancelRestart();
    await this.process?.end();
  }

  private tell(order: GuardOrder): void {
    this.duties.take(order);
    this.process?.send(order);
  }

  private heard({ knows }: GuardReply): void {
    // Of one that was removed while this was on its way.
    if (!this.duties.groups.has(knows)) return;
    this.known.add(knows);
    this.settle(knows, true);
  }

  private settle(number: number, isKnown: boolean): void {
    for (const resolve of this.waiting.get(number) ?? []) resolve(isKnown);
    this.waiting.delete(number);
  }

  private start(): void {
    const startedAt = this.parts.clock.now();
    try {
      this.process = this.parts.start(
        (why) => this.ended(startedAt, why),
        (reply) => this.heard(reply),
      );
    } catch (error) {
      return this.ended(startedAt, error instanceof Error ? error.message : String(error));
    }
    for (const order of this.duties.orders()) this.process.send(order);
  }

  private ended(startedAt: number, why: string): void {
    this.process = null;
    this.known.clear();
    if (this.closed) return;
    const { clock } = this.parts;
    this.delay.lived(clock.now() - startedAt);
    const delay = this.delay.next();
    this.cancelRestart = clock.at(clock.now() + delay, () => this.start());
    const text = `the guard of this process has ended (${why}); another one starts in ${delay} ms`;
    this.parts.died(new FailoverError('ERR_GUARD_LOST', text));
  }
}
