/**
 * How a master gives its mastership away. No new task begins, and the running one may come to its end. If a request asks for
 * it, that may take `stopTimeout`, or the request is refused and the mastership goes on, tasks too. If the member may not
 * be master any more, it waits as long as it takes. Nothing is ended by force before nothing runs.
 *
 * turn      it may not be master any more, and others of this process are handed over before it. Tasks go on.
 * settling  no new task begins, and what runs comes to its end and on record. It may be taken back, or last too long.
 * draining  nothing runs, and the thread of the work ends. There is no way back.
 */
import type { HandOver } from '../../store/orders.js';
import type { Cancel, Clock } from '../../time/clock.js';
import type { Duty } from '../duties/duty.js';
import type { Turns } from './turns.js';

/** The elector, as orders change what it does. */
export interface OrderedElection {
  handOver(term: number): void;
  handOverCancelled(term: number): void;
  rest(until: number | null): void;
  rested(): void;
}

export interface HandingOverParts {
  readonly clock: Clock;
  /** How long the running task may take to end, in ms, where a request asks for it. */
  readonly stopTimeout: number;
  readonly duty: Pick<Duty, 'hold' | 'unhold' | 'settled' | 'drain' | 'changesAsked'>;
  readonly election: OrderedElection;
  /** Shared by all members of the coordinator. */
  readonly turns: Turns;
  /** Called when the thread of the work would not end although nothing ran: the mastership must be given up. */
  stuck(reason: string): void;
  /** Called when `holds` may have changed. */
  hold(): void;
  /** Puts on record how a request ended. */
  answer(order: HandOver, state: 'refused' | 'done', why?: string): void;
}

interface Current {
  readonly term: number;
  /** Null: this member may not be master. */
  readonly order: HandOver | null;
  /** How long the running task may take to end, in ms; null: as long as it takes. */
  readonly patience: number | null;
  step: 'turn' | 'settling' | 'draining';
  cancel(): void;
  readonly cancelled: Promise<'cancelled'>;
  leave: Cancel;
}

export class HandingOver {
  private current: Current | null = null;

  constructor(private readonly parts: HandingOverParts) {}

  get isUnderWay(): boolean {
    return this.current !== null;
  }

  /** Whether no new task is to begin. */
  get holds(): boolean {
    return this.current !== null && this.current.step !== 'turn';
  }

  /** A request was accepted. */
  beginOrdered(term: number, order: HandOver, patience: number = this.parts.stopTimeout): void {
    if (this.current === null) this.begin(this.make(term, order, patience));
  }

  /** This member may not be master. */
  beginBarred(term: number): void {
    if (this.current !== null) return;
    const current = this.make(term, null, null);
    this.current = current;
    current.leave = this.parts.turns.ask(() => this.begin(current));
  }

  /** Takes back what is wanted no more: `order` is the open request of this term, and `barred` says that it may not be master. */
  wantedBy(order: HandOver | null, barred: boolean): void {
    const { current } = this;
    if (current === null || current.step === 'draining') return;
    if (current.order === null ? barred : current.order.id === order?.id) return;
    if (current.step === 'turn') this.forget();
    else current.cancel();
  }

  /** The election lets it drain; `drained` says that it has. */
  drain(drained: () => void): void {
    const { current } = this;
    if (current !== null) void this.give(current, drained);
  }

  /** It is given away. */
  handedOver(): void {
    const order = this.current?.order ?? null;
    this.forget();
    if (order !== null) this.parts.answer(order, 'done');
  }

  /** The mastership has ended, or the member stops, which drains it. */
  forget(): void {
    this.current?.leave();
    this.current = null;
  }

  private make(term: number, order: HandOver | null, patience: number | null): Current {
    let cancel = (): void => {};
    const cancelled = new Promise<'cancelled'>((resolve) => {
      cancel = () => resolve('cancelled');
    });
    return { term, order, patience, step: 'turn', cancel, cancelled, leave: () => {} };
  }

  private begin(current: Current): void {
    this.current = current;
    current.step = 'settling';
    this.parts.election.handOver(current.term);
  }

  private async give(current: Current, drained: () => void): Promise<void> {
    const { duty, hold, stuck } = this.parts;
    hold();
    const how = await this.settle(current);
    if (this.current !== current) return;
    if (how !== 'settled') return this.goOn(current, how);
    current.step = 'draining';
    const ended = await duty.drain();
    if (this.current !== current) return;
    if (ended === 'drained') drained();
    else stuck('the thread of the work would not end when its mastership was to be handed over');
  }

  private async settle(current: Current): Promise<'settled' | 'late' | 'cancelled'> {
    const { clock, duty } = this.parts;
    const { patience } = current;
    let cancel: Cancel = () => {};
    const late = new Promise<'late'>((resolve) => {
      if (patience !== null) cancel = clock.at(clock.now() + patience, () => resolve('late'));
    });
    const settled = duty.settled().then(() => 'settled' as const);
    const how = await Promise.race([settled, late, current.cancelled]);
    cancel();
    return how;
  }

  private goOn(current: Current, how: 'late' | 'cancelled'): void {
    const { election, hold, answer } = this.parts;
    this.forget();
    election.handOverCancelled(current.term);
    hold();
    if (current.order === null || how === 'cancelled') return;
    const option = current.patience === this.parts.stopTimeout ? ' (stopTimeout)' : '';
    answer(current.order, 'refused', `the running task did not end within ${current.patience} ms${option}`);
  }
}
