/**
 * Collects events and sends them as one message, because crossing threads costs more than an event does. The first one
 * goes out with this turn of the loop; those that come right after it wait a moment for each other.
 */
import type { MessagePort } from 'node:worker_threads';
import type { CoordinatorEvent, MemberEvent } from '../wire/messages.js';

/** The least time between two messages for which no caller waits, in ms. */
const FLUSH_DELAY_MS = 2;

export class Outbox {
  private waiting: CoordinatorEvent[] = [];
  private sentAt = Number.NEGATIVE_INFINITY;
  private immediate: NodeJS.Immediate | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly port: MessagePort) {}

  send(cluster: number, event: MemberEvent): void {
    this.waiting.push({ cluster, event });
    if (this.immediate !== undefined) return;
    const patient = event.type === 'done' && performance.now() - this.sentAt < FLUSH_DELAY_MS;
    if (!patient) this.immediate = setImmediate(() => this.flush());
    else this.timer ??= setTimeout(() => this.flush(), FLUSH_DELAY_MS);
  }

  flush(): void {
    clearImmediate(this.immediate);
    clearTimeout(this.timer);
    this.immediate = undefined;
    this.timer = undefined;
    if (this.waiting.length === 0) return;
    this.sentAt = performance.now();
    this.port.postMessage(this.waiting);
    this.waiting = [];
  }
}
