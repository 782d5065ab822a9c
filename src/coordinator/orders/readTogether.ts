/** Reads the orders of many subsystems in one call: beats of all clusters of a coordinator go out together, and so do these. */
import type { OrdersAsked, SeenOrders } from '../../store/orders.js';
import type { Store } from '../../store/store.js';

interface Waiting {
  readonly asked: OrdersAsked;
  resolve(seen: SeenOrders): void;
  reject(error: unknown): void;
}

export class ReadTogether {
  private waiting: Waiting[] = [];
  private later: (() => void)[] = [];

  /** `soon` calls back when the timers that are due have run: each has a turn of its own. */
  constructor(
    private readonly store: Pick<Store, 'readOrders'>,
    private readonly soon: (callback: () => void) => void = setImmediate,
  ) {}

  /**
   * Calls back when what all members have to send in this turn has gone out, or waits for its turn: reads are no reason for a beat to
   * be decided late. Those of one turn are called one after another, so they read together.
   */
  afterBeats(callback: () => void): void {
    this.later.push(callback);
    // The beats go out in the first of these turns.
    if (this.later.length === 1) this.soon(() => this.soon(() => this.callLater()));
  }

  private callLater(): void {
    const { later } = this;
    this.later = [];
    for (const callback of later) callback();
  }

  /** Reads soon, with all that is asked until then. */
  read(asked: OrdersAsked): Promise<SeenOrders> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ asked, resolve, reject });
      if (this.waiting.length === 1) this.soon(() => void this.send());
    });
  }

  private async send(): Promise<void> {
    const { waiting } = this;
    this.waiting = [];
    try {
      const seen = await this.store.readOrders(waiting.map(({ asked }) => asked));
      for (const [index, { resolve, reject }] of waiting.entries()) {
        const found = seen[index];
        if (found === undefined) reject(new Error('the store answered a read of orders with nothing'));
        else resolve(found);
      }
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
  }
}
