/** The calls of one cluster that ask for something, and what wakes those that wait for an answer. */
import { randomUUID } from 'node:crypto';
import type { HandedOver, HandOverRequest, PauseRequest } from '../../wire/messages.js';
import { type Asker, requestHandOver, requestPause, requestResume } from './requests.js';

interface AskingParts extends Pick<Asker, 'name' | 'by' | 'store' | 'clock'> {
  /** In ms. */
  readonly poll: number;
}

export class Asking {
  private readonly waiting = new Set<() => void>();
  private stopped = false;

  constructor(private readonly parts: AskingParts) {}

  handOver(request: HandOverRequest): Promise<HandedOver> {
    return requestHandOver(this.asker, randomUUID(), request);
  }

  pause(request: PauseRequest): Promise<void> {
    return requestPause(this.asker, request);
  }

  async resume(): Promise<void> {
    await requestResume(this.asker);
  }

  /** The lease, or the orders, may have changed. */
  hinted(): void {
    for (const wake of [...this.waiting]) wake();
  }

  stop(): void {
    this.stopped = true;
    this.hinted();
  }

  private get asker(): Asker {
    return { ...this.parts, nextLook: () => this.nextLook(), hasStopped: () => this.stopped };
  }

  private nextLook(): Promise<void> {
    const { clock, poll } = this.parts;
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel();
        this.waiting.delete(wake);
        resolve();
      };
      const cancel = clock.at(clock.now() + poll, wake);
      this.waiting.add(wake);
    });
  }
}
