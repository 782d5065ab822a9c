/** What the tests of both kinds of managed work share: their options, their batches, and what they tell. */

import type { QueueDutyParts } from '../../../../src/coordinator/duties/queueDuty.ts';
import type { ResolvedManagedOptions, ResolvedRetry } from '../../../../src/options/options.ts';
import type { Lease } from '../../../../src/store/store.ts';
import type { TaskId } from '../../../../src/task/task.ts';
import type { MemberEvent, TaskBatch } from '../../../../src/wire/messages.ts';
import { leaseOf } from '../../../support/memoryStore.ts';
import type { VirtualClock } from '../../../support/virtualClock.ts';
import { ScriptedRunner } from '../../queue/scriptedRunner.ts';

export const POLL = 100;
export const NAME = 'billing';
export const STOP_TIMEOUT = 200;

export class Told {
  readonly runner = new ScriptedRunner();
  /** In order, such as `done 1,2` or `deadletter 3: why`. */
  readonly events: string[] = [];
  progressed = 0;

  parts(clock: VirtualClock, retry: Partial<ResolvedRetry> = {}): QueueDutyParts & { poll: number } {
    return {
      ...{ name: NAME, options: optionsWith(retry), runner: this.runner, clock, poll: POLL },
      random: () => 0.5,
      killProcess: () => {},
      loaded: () => this.events.push('loaded'),
      unloadable: (error, settled) => this.events.push(`unloadable: ${error.message}, settled: ${settled}`),
      emit: (event) => this.events.push(textOf(event)),
      progressed: () => {
        this.progressed += 1;
      },
    };
  }

  /** What was told since this was last asked. */
  news(): string[] {
    return this.events.splice(0);
  }
}

function optionsWith(retry: Partial<ResolvedRetry>): ResolvedManagedOptions {
  return {
    priority: null,
    durable: false,
    retry: { minDelay: 10, maxDelay: 10, attempts: 1, exhausted: 'dead-letter', ...retry },
    ...{
      maxQueue: 10,
      maxTaskBytes: 1000,
      keepOutcomes: null,
      results: false,
      resourceLimits: {},
      idleThreadTimeout: 10_000,
      loadTimeout: 60_000,
      stopTimeout: STOP_TIMEOUT,
      cancelTimeout: 50,
      minInterval: 0,
      grace: 40,
      fencing: 'thread' as const,
    },
    ...{ taskTimeout: Number.POSITIVE_INFINITY, mainTimeout: Number.POSITIVE_INFINITY },
  };
}

function textOf(event: MemberEvent): string {
  switch (event.type) {
    case 'done':
    case 'removed':
    case 'cancelled':
      return `${event.type} ${event.ids.join()}`;
    case 'failed':
      return `failed ${event.id} #${event.attempt}`;
    case 'deadletter':
      return `deadletter ${event.id}: ${event.error.message}`;
    case 'error':
    case 'panic':
      return `${event.type}: ${event.error.message}`;
    case 'info':
      return `info: ${event.text}`;
    default:
      return event.type;
  }
}

/** Each task is two bytes, the first of them its place in the batch. */
export function batchOf(...ids: TaskId[]): TaskBatch {
  const block = new Uint8Array(new SharedArrayBuffer(2 * ids.length));
  for (const index of ids.keys()) block[2 * index] = index;
  return { block, ids, offsets: ids.map((_, index) => 2 * index), lengths: ids.map(() => 2) };
}

/** The lease of another member that has done so many tasks, these the last. */
export function leaseAfter(count: number, recent: TaskId[], holder: string | null = 'other'): Lease {
  return leaseOf(holder, { count, recent, identifier: recent.at(-1) ?? null });
}
