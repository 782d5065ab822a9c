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

  constructor(private readonly store: Pick<Store, 'readOrders'>) {}

  /** Reads as soon as the code that runs now has ended, with all that is asked until then. */
  read(asked: OrdersAsked): Promise<SeenOrders> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ asked, resolve, reject });
      if (this.waiting.length === 1) queueMicrotask(() => void this.send());
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
