/**
 * A member whose work module does not load, or whose task thread cannot start, is unfit (rule 10): it gives the
 * mastership up, and claims none before a probe has loaded the module. A probe is a thread that runs no task.
 *
 * With the defaults the probes follow 1, 2, 4, 8, 16, 32, 60, 60, … s after the failure before them. A module that loads
 * in a probe and fails under the next mastership goes on with the next longer delay: only a load under a mastership
 * starts the delays again.
 * Rule 10: docs/explain/protocol.md#rule-10-a-lease-proves-that-work-is-alive
 */

import { logFor } from '../diagnostics/log.js';
import { type CodedError, FailoverError, type FailoverErrorCode, fromWire, toWire, WorkError } from '../errors.js';
import type { LoadOutcome } from '../queue/runner.js';
import type { Cancel, Clock } from '../time/clock.js';
import type { MemberEvent } from '../wire/messages.js';
import type { Fitness } from './fitness.js';

/** In ms. */
export const probeDelays = { minDelay: 1000, maxDelay: 60_000 } as const;

/** The part of the runner that tries whether the work loads. */
export interface Prober {
  /** Resolves to `loaded` only when the thread of the probe has exited. */
  probe(): Promise<LoadOutcome>;
  /** Returns whether no thread of a probe is there, after a limited wait for its exit. */
  terminateProbe(): Promise<boolean>;
}

interface WorkLoadingParts {
  readonly name: string;
  readonly prober: Prober;
  readonly fitness: Pick<Fitness, 'complain' | 'withdraw'>;
  readonly clock: Clock;
  readonly delays: { readonly minDelay: number; readonly maxDelay: number };
  emit(event: MemberEvent): void;
}

const log = logFor('failover:managed');

export class WorkLoading {
  private failures = 0;
  private stopped = false;
  private probing = false;
  private cancel: Cancel = () => {};

  constructor(private readonly parts: WorkLoadingParts) {}

  /**
   * The work does not load, under a mastership. Says so once: until it has loaded, no mastership follows. `settled`: all
   * that has run before is on record and nothing runs, so the lease is given away.
   */
  failed(error: CodedError, settled: boolean): void {
    const { emit } = this.parts;
    if (this.complain(error, settled) || this.stopped) return;
    const { message, code } = saidOf(error);
    emit({ type: 'error', error: toWire(new WorkError(code, message)) });
  }

  /** Says that the work has loaded, under a mastership. */
  succeeded(): void {
    this.failures = 0;
  }

  /** Tries no more. Resolves when no thread of a probe is there, or after a panic when it does not exit in time. */
  async stop(): Promise<void> {
    const { prober, name, emit } = this.parts;
    this.stopped = true;
    this.cancel();
    if (await prober.terminateProbe()) return;
    const text = `the task thread in which '${name}' tried to load its work would not stop in time and may still run`;
    emit({ type: 'panic', error: toWire(new WorkError('ERR_WORK_NOT_STOPPED', text)) });
  }

  private complain(error: CodedError, settled: boolean): boolean {
    const { fitness, clock, name } = this.parts;
    const { message, code } = saidOf(error);
    log('%s: %s', name, message);
    this.cancel();
    // The end of a probe that is under way asks for the next one.
    if (!this.stopped && !this.probing) {
      this.cancel = clock.at(clock.now() + this.delay(), () => void this.probe());
    }
    this.failures += 1;
    return fitness.complain('module', code, message, settled);
  }

  private delay(): number {
    const { minDelay, maxDelay } = this.parts.delays;
    return Math.min(maxDelay, minDelay * 2 ** this.failures);
  }

  private async probe(): Promise<void> {
    const { prober, fitness, emit } = this.parts;
    this.probing = true;
    const outcome = await prober.probe();
    this.probing = false;
    if (this.stopped || outcome.type === 'ended') return;
    if (outcome.type === 'failed') {
      this.complain(fromWire(outcome.error), false);
      return;
    }
    emit({ type: 'info', text: 'the work module loads again, so this member may be master' });
    fitness.withdraw('module');
  }
}

function saidOf(error: CodedError): { message: string; code: FailoverErrorCode } {
  const code = error instanceof FailoverError ? error.code : 'ERR_WORK_MODULE';
  const until = code === 'ERR_WORK_NOT_STOPPED' ? 'that thread has exited and its work loads' : 'its work loads';
  return { code, message: `${error.message}; this member is not master until ${until}` };
}
