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

  /** Asks in its turn, or without one when the time is over: then the request is written and not waited for. */
  private inTurnUntil(deadline: number, ask: () => Promise<ChangeOutcome>): Promise<ChangeOutcome> {
    return new Promise((resolve, reject) => {
      let asked: Promise<void> | undefined;
      const begin = (): Promise<void> => {
        alarm.clear();
        asked ??= ask().then(resolve, reject);
        return asked;
      };
      const alarm = new Alarm(this.parts.clock, () => void begin());
      alarm.by(deadline);
      void this.limit.pass(begin);
    });
  }
}
