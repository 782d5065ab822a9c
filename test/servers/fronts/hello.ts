/** What servers say of themselves, and how they go on saying it to drivers that wait for news. */
import { type Document, Long, ObjectId } from 'bson';
import { MORE_TO_COME } from '../../support/wire.js';
import type { Call } from './front.js';

const names = ['hello', 'isMaster', 'ismaster'];

export function isHello({ name }: Call): boolean {
  return names.includes(name);
}

/** What every server says, whatever it is part of. */
export function common(call: Call): Document {
  return {
    helloOk: true,
    maxBsonObjectSize: 16 * 1024 * 1024,
    maxMessageSizeBytes: 48_000_000,
    maxWriteBatchSize: 100_000,
    localTime: new Date(),
    connectionId: call.message.requestId,
    minWireVersion: 0,
    maxWireVersion: 21,
    readOnly: false,
    ok: 1,
  };
}

/** The old command has an old name for its answer. */
export function writable(call: Call, is: boolean): Document {
  return call.name === 'hello' ? { isWritablePrimary: is } : { ismaster: is };
}

/** Counts the changes of what a server says of itself, and lets drivers wait for the next one. */
export class News {
  private processId = new ObjectId();
  private counter = 1;
  private readonly waiting = new Set<() => void>();

  get version(): Document {
    return { processId: this.processId, counter: Long.fromNumber(this.counter) };
  }

  /** Tells all who wait that something changed. */
  tell(): void {
    this.counter += 1;
    for (const wake of [...this.waiting]) wake();
  }

  /** Counts from the start, as a process that has started does. */
  restart(): void {
    this.processId = new ObjectId();
    this.tell();
  }

  /**
   * Answers at once, or, to a driver that knows the newest, when there is news or its time is over. To one that takes
   * many answers it goes on, until the connection is closed.
   */
  async answer(call: Call, say: () => Document): Promise<void> {
    const { topologyVersion: known, maxAwaitTimeMS } = call.body;
    if (known === undefined || typeof maxAwaitTimeMS !== 'number') return call.answer(say());
    if (this.isNewest(known)) await this.next(call, maxAwaitTimeMS);
    while (call.takesMany && !call.isClosed) {
      const told = this.version;
      call.answer(say(), MORE_TO_COME);
      if (this.isNewest(told)) await this.next(call, maxAwaitTimeMS);
    }
    if (!call.takesMany) call.answer(say());
  }

  private isNewest({ processId, counter }: Document): boolean {
    return this.processId.equals(processId) && Number(counter) === this.counter;
  }

  private async next(call: Call, within: number): Promise<void> {
    let wake = (): void => {};
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
    });
    this.waiting.add(wake);
    const timer = setTimeout(wake, within);
    await Promise.race([woken, call.closed]);
    clearTimeout(timer);
    this.waiting.delete(wake);
  }
}
