/**
 * What goes between a task thread and its coordinator while a run goes on: results, each before its task counts as done, and
 * checkpoints with their answers. Both ends count the runs, so what an earlier run left behind is told from what this one says.
 */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { fromWire, toWire, type WireError } from '../errors.js';
import { attemptEnded } from '../queue/checkpointErrors.js';

type ToCoordinator =
  | { readonly run: number; readonly index: number; readonly result: Uint8Array }
  | { readonly run: number; readonly index: number; readonly checkpoint: Uint8Array; readonly call: number };
type ToThread = { readonly call: number; readonly error: WireError | null };

/** The end in the task thread. */
export class ThreadAnswers {
  private run = 0;
  private calls = 0;
  private readonly waiting = new Map<number, (answer: ToThread) => void>();

  constructor(private readonly port: MessagePort) {
    port.on('message', (answer: ToThread) => {
      this.waiting.get(answer.call)?.(answer);
      this.waiting.delete(answer.call);
    });
    port.unref();
  }

  begins(): void {
    this.run += 1;
  }

  keepResult(index: number, result: Uint8Array): void {
    this.send({ run: this.run, index, result });
  }

  async putCheckpoint(index: number, checkpoint: Uint8Array): Promise<void> {
    const { error } = await new Promise<ToThread>((resolve) => {
      const call = ++this.calls;
      this.waiting.set(call, resolve);
      this.send({ run: this.run, index, checkpoint, call });
    });
    if (error !== null) throw fromWire(error);
  }

  private send(message: ToCoordinator): void {
    this.port.postMessage(message);
  }
}

interface CoordinatorAnswersParts {
  readonly port: MessagePort;
  /** Puts down the checkpoint of a task of the run under way. */
  checkpoint(index: number, bytes: Uint8Array): Promise<void>;
}

/** The end on the coordinator thread. */
export class CoordinatorAnswers {
  private run = 0;
  private results = new Map<number, Uint8Array>();
  private closed = false;

  constructor(private readonly parts: CoordinatorAnswersParts) {
    parts.port.on('message', (message: ToCoordinator) => this.heard(message));
    parts.port.unref();
  }

  begins(): void {
    this.run += 1;
    this.results.clear();
  }

  /** Returns the results of this run that were not taken yet: those of all tasks that its progress says are done are among them. */
  take(): ReadonlyMap<number, Uint8Array> {
    this.drain();
    const { results } = this;
    if (results.size > 0) this.results = new Map();
    return results;
  }

  /** What the thread has said by now may still be taken. */
  close(): void {
    this.drain();
    this.closed = true;
    this.parts.port.close();
  }

  private drain(): void {
    const { port } = this.parts;
    if (this.closed) return;
    for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
      this.heard(next.message);
    }
  }

  private heard(message: ToCoordinator): void {
    if ('result' in message) {
      if (message.run === this.run) this.results.set(message.index, message.result);
    } else void this.put(message);
  }

  private async put({ run, index, checkpoint, call }: Extract<ToCoordinator, { checkpoint: unknown }>): Promise<void> {
    let error: WireError | null = null;
    try {
      if (run !== this.run) throw attemptEnded();
      await this.parts.checkpoint(index, checkpoint);
    } catch (thrown) {
      error = toWire(thrown);
    }
    const answer: ToThread = { call, error };
    this.parts.port.postMessage(answer);
  }
}
