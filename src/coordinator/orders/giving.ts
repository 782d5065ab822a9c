/**
 * Gives a mastership to a member of another process, because this one has more than its share: as a request to hand over that
 * its own master makes, and has accepted. Members of every version that know requests understand it.
 */
import { type HandOver, REBALANCE } from '../../store/orders.js';
import type { Store } from '../../store/store.js';
import type { Clock } from '../../time/clock.js';
import { MoveHistory } from '../spread/moveHistory.js';

export interface GivingParts {
  readonly name: string;
  readonly holder: string;
  readonly clock: Clock;
  readonly store: Pick<Store, 'writeOrders'>;
  /**
   * Returns the term of the mastership that may be given away now, and the version of the orders; null: none may. With `own`,
   * only if that is the open request.
   */
  free(own?: HandOver): { readonly term: number; readonly version: number | null } | null;
  /** Reads the orders. Never rejects. */
  read(): Promise<void>;
  begin(order: HandOver, patience: number): void;
  /** Puts on record that the request has ended, if it is there. */
  refuse(order: HandOver, why: string): void;
}

export class Giving {
  private readonly history = new MoveHistory();
  private count = 0;
  private writing = false;
  /** The id of a request that is written, or being so, and has not begun. */
  private prepared: string | null = null;
  private current: { readonly id: string; resolve(isDone: boolean): void } | null = null;

  constructor(private readonly parts: GivingParts) {}

  /** Takes the term of a lease that was seen, or won, and what was last asked for. */
  saw(term: number, handOver: HandOver | undefined): void {
    const isObeyed = handOver?.state === 'accepted' || handOver?.state === 'done';
    this.history.saw(term, isObeyed ? handOver : null, this.parts.clock.now());
  }

  /** Returns whether the mastership may be given away now. `rest`: between two moves of the lease, in ms. */
  isMovable(rest: number): boolean {
    return !this.writing && this.parts.free() !== null && this.history.isRested(this.parts.clock.now(), rest);
  }

  /**
   * Hands the mastership over to that member. Resolves to whether it was: not, if it was lost before, another request came, or
   * the running task did not end within `patience` ms. Never rejects.
   */
  async give(to: string, patience: number): Promise<boolean> {
    const free = this.parts.free();
    if (free === null || this.writing || to === this.parts.holder) return false;
    const order = this.order(free.term, to);
    this.prepared = order.id;
    const isPut = (await this.put(order, free.version)) && (await this.isStillFree(order));
    this.prepared = null;
    if (!isPut) return false;
    return new Promise((resolve) => {
      this.current = { id: order.id, resolve };
      this.parts.begin(order, patience);
    });
  }

  /** Returns whether it is this request that is about to begin, so it is begun nowhere else. */
  prepares({ id }: HandOver): boolean {
    return id === this.prepared;
  }

  private async isStillFree(order: HandOver): Promise<boolean> {
    // An earlier read that is still under way would take it back, and is ignored after a later one.
    await this.parts.read();
    const isFree = this.parts.free(order)?.term === order.term;
    if (!isFree) this.parts.refuse(order, 'it could not be given away any more');
    return isFree;
  }

  /** A hand-over has ended; null: none is under way any more. */
  ended(how: { readonly id: string; readonly isDone: boolean } | null): void {
    const { current } = this;
    if (current === null || (how !== null && how.id !== current.id)) return;
    this.current = null;
    current.resolve(how?.isDone ?? false);
  }

  private async put(order: HandOver, version: number | null): Promise<boolean> {
    const { name, store } = this.parts;
    this.writing = true;
    try {
      return await store.writeOrders(name, version, { handOver: order });
    } catch {
      // It may have been written nevertheless.
      this.parts.refuse(order, 'the store failed');
      return false;
    } finally {
      this.writing = false;
    }
  }

  private order(term: number, to: string): HandOver {
    const { holder, clock } = this.parts;
    this.count += 1;
    const id = `${holder}/${term}/share/${this.count}`;
    const at = new Date(clock.wall());
    return { id, term, to, by: holder, reason: REBALANCE, at, state: 'accepted' };
  }
}
