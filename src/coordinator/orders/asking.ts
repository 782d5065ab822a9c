/** The calls of one cluster that ask for something, and what wakes those that wait for an answer. */
import { FailoverError, StateError } from '../../errors.js';
import { deskOfStore } from '../../requests/desk.js';
import { follow, type HandOverOutcome, lateText, writeHandOver } from '../../requests/handOver.js';
import { endPause, writePause } from '../../requests/pause.js';
import type { Store } from '../../store/store.js';
import type { Clock } from '../../time/clock.js';
import type { HandedOver, HandOverRequest, PauseRequest } from '../../wire/messages.js';

interface AskingParts {
  /** Names the subsystem. */
  readonly name: string;
  /** Says who asks. */
  readonly by: string;
  readonly store: Pick<Store, 'highestTerm' | 'observe' | 'readOrders' | 'writeOrders' | 'listMembers'>;
  readonly clock: Clock;
  /** In ms. */
  readonly poll: number;
  /** Returns a text that no other call has returned, of any process. */
  newId(): string;
}

export class Asking {
  private readonly waiting = new Set<() => void>();
  /** Counts the hints: a look that was under way when one came may have read what was there before. */
  private hints = 0;
  private stopped = false;

  constructor(private readonly parts: AskingParts) {}

  /**
   * Asks the master to hand over, and resolves with the mastership that follows.
   *
   * @throws FailoverError `ERR_HAND_OVER_REFUSED`, `ERR_HAND_OVER_TIMEOUT`; StoreError; StateError `ERR_STOPPED`
   */
  async handOver({ to, ifTerm, reason, timeout }: HandOverRequest): Promise<HandedOver> {
    const { name, by, clock, newId } = this.parts;
    const given = { to: to ?? undefined, ifTerm: ifTerm ?? undefined, reason: reason ?? undefined };
    const written = await writeHandOver(this.desk, { id: newId(), name, by, ...given }, clock);
    if (written.type === 'refused') throw this.refused(written.why);
    const { request } = written;
    const { master } = request;
    let known = this.hints;
    const nextLook = async (until: number): Promise<void> => {
      await this.nextLook(known, until);
      known = this.hints;
    };
    return this.end(await follow(this.desk, { name, request, master, timeout, clock, nextLook }), timeout);
  }

  private end(outcome: HandOverOutcome, timeout: number): HandedOver {
    if (outcome.type === 'refused') throw this.refused(outcome.why);
    if (outcome.type === 'done') return { term: outcome.term, holder: outcome.holder };
    const text = `the hand-over of '${this.parts.name}' did not end within ${timeout} ms: ${lateText(outcome)}`;
    throw new FailoverError('ERR_HAND_OVER_TIMEOUT', text);
  }

  private refused(why: string): FailoverError {
    return new FailoverError('ERR_HAND_OVER_REFUSED', `the hand-over of '${this.parts.name}' is refused: ${why}`);
  }

  /** Pauses the subsystem, or changes the pause that there is. */
  async pause({ reason, for: duration, standby }: PauseRequest): Promise<void> {
    const { name, by, clock } = this.parts;
    const asked = { name, by, reason: reason ?? undefined, duration: duration ?? undefined, standby };
    await writePause(this.desk, asked, { clock, replaces: true });
  }

  /** Ends the pause, if there is one. */
  async resume(): Promise<void> {
    await endPause(this.desk, this.parts.name);
  }

  /** The lease, or the orders, may have changed. */
  hinted(): void {
    this.hints += 1;
    for (const wake of [...this.waiting]) wake();
  }

  stop(): void {
    this.stopped = true;
    this.hinted();
  }

  private get desk() {
    return deskOfStore(this.parts.store);
  }

  /** Resolves after POLL, when `until` has come, or at a hint. At once if there were more than `known` hints. */
  private async nextLook(known: number, until: number): Promise<void> {
    const { clock, poll, name } = this.parts;
    if (this.hints === known) {
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          cancel();
          this.waiting.delete(wake);
          resolve();
        };
        const cancel = clock.at(Math.min(clock.now() + poll, until), wake);
        this.waiting.add(wake);
      });
    }
    if (this.stopped) throw new StateError('ERR_STOPPED', `the cluster '${name}' has been stopped`);
  }
}
