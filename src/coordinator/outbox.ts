/** Collects the events of one turn of the loop and sends them as one message: crossing threads costs more than an event. */
import type { MessagePort } from 'node:worker_threads';
import type { CoordinatorEvent, MemberEvent } from './messages.js';

export class Outbox {
  private waiting: CoordinatorEvent[] = [];

  constructor(private readonly port: MessagePort) {}

  send(cluster: number, event: MemberEvent): void {
    if (this.waiting.push({ cluster, event }) === 1) setImmediate(() => this.flush());
  }

  flush(): void {
    if (this.waiting.length === 0) return;
    this.port.postMessage(this.waiting);
    this.waiting = [];
  }
}
