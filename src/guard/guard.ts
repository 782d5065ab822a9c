/**
 * The guard of this process, from the side of its ward: started with the coordinator, told of its members, and replaced, with
 * back-off, when it dies.
 */
import { FailoverError } from '../errors.js';
import type { Cancel, Clock } from '../time/clock.js';
import { RestartDelay } from '../time/restartDelay.js';
import { type Charter, Duties, type GuardOrder, type ProcessGroup } from './orders.js';

/** One guard that runs. */
export interface GuardProcess {
  send(order: GuardOrder): void;
  /** Closes the channel, at which it ends. Resolves when it has ended, or cannot be waited for any longer. */
  end(): Promise<void>;
}

interface GuardParts {
  readonly charter: Charter;
  readonly clock: Clock;
  /** Starts a process, and calls `ended` once, with the reason, if it ends or could not be started. May throw. */
  start(ended: (why: string) => void): GuardProcess;
  /** Called when a guard has died, or could not be started. */
  died(error: FailoverError): void;
}

export class Guard {
  private readonly duties = new Duties();
  private process: GuardProcess | null = null;
  private readonly delay = new RestartDelay();
  private cancelRestart: Cancel = () => {};
  private closed = false;

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

  /** Has a group of processes killed after the death of this process, before any lease is released. */
  addGroup(group: ProcessGroup): void {
    this.tell({ type: 'addGroup', group });
  }

  removeGroup(number: number): void {
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

  private start(): void {
    const startedAt = this.parts.clock.now();
    try {
      this.process = this.parts.start((why) => this.ended(startedAt, why));
    } catch (error) {
      return this.ended(startedAt, error instanceof Error ? error.message : String(error));
    }
    for (const order of this.duties.orders()) this.process.send(order);
  }

  private ended(startedAt: number, why: string): void {
    this.process = null;
    if (this.closed) return;
    const { clock } = this.parts;
    this.delay.lived(clock.now() - startedAt);
    const delay = this.delay.next();
    this.cancelRestart = clock.at(clock.now() + delay, () => this.start());
    const text = `the guard of this process has ended (${why}); another one starts in ${delay} ms`;
    this.parts.died(new FailoverError('ERR_GUARD_LOST', text));
  }
}
