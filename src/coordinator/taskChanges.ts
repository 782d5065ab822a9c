/** What one cluster asks of queued tasks: it is written for the master, whichever member that is, and its answer awaited. */
import { ReadLimit } from '../queue/readLimit.js';
import { askChangeTask } from '../requests/changeTask.js';
import { deskOfStore } from '../requests/desk.js';
import type { FullStore } from '../store/taskStore.js';
import { Alarm } from '../time/alarm.js';
import type { Clock } from '../time/clock.js';
import type { ChangeOutcome, ChangeTaskRequest } from '../wire/messages.js';

interface TaskChangesParts {
  readonly name: string;
  /** Says who asks. */
  readonly by: string;
  readonly store: FullStore;
  readonly clock: Clock;
  /** In ms. */
  readonly poll: number;
  /** Returns a text that no other call has returned, of any process. */
  newId(): string;
  /** Called when a request was written: the master may be this member. */
  asked(): void;
}

export class TaskChanges {
  /** So many requests at once leave room for those of other members. */
  private readonly limit = new ReadLimit();

  constructor(private readonly parts: TaskChangesParts) {}

  change({ id, bytes, running, timeout }: ChangeTaskRequest): Promise<ChangeOutcome> {
    const { name, by, store, clock, poll, newId, asked } = this.parts;
    const { orders } = deskOfStore(store);
    const desk: Parameters<typeof askChangeTask>[1]['desk'] = {
      orders,
      writeOrders: async (...given) => {
        const written = await store.writeOrders(...given);
        asked();
        return written;
      },
    };
    const deadline = clock.now() + timeout;
    return this.inTurnUntil(deadline, () =>
      askChangeTask(
        { name, unique: newId(), by, key: id, running, bytes },
        { store: store.tasks, desk, clock, poll, timeout: Math.max(0, deadline - clock.now()) },
      ),
    );
  }

  /**
   * Asks in its turn. `full`: the time was over before it came, and nothing is written. Were each to ask at its deadline, all
   * of a mass cancel would do so in one moment, and beats would wait behind them for a connection.
   */
  private inTurnUntil(deadline: number, ask: () => Promise<ChangeOutcome>): Promise<ChangeOutcome> {
    return new Promise((resolve, reject) => {
      let isLate = false;
      const alarm = new Alarm(this.parts.clock, () => {
        isLate = true;
        resolve('full');
      });
      alarm.by(deadline);
      // Where a place is free it begins at once, so a few get their request written even without any time to wait.
      void this.limit.pass(async () => {
        if (isLate) return;
        alarm.clear();
        await ask().then(resolve, reject);
      });
    });
  }
}
