/** A managed cluster whose coordinator thread is played by a queue that the test looks into. */
import type { CoordinatorHandle } from '../../../src/facade/coordinatorHandle.ts';
import { ManagedCluster } from '../../../src/facade/managedCluster.ts';
import { resolveIntervals } from '../../../src/options/intervals.ts';
import { resolveManagedOptions } from '../../../src/options/managed.ts';
import type { ManagedOptions } from '../../../src/options/options.ts';
import { decodeTask } from '../../../src/task/taskCodec.ts';
import { resolveKey } from '../../../src/task/taskKey.ts';
import type { MemberEvent, SubmitResult, TaskBatch } from '../../../src/wire/messages.ts';
import { tasksOf } from '../../../src/wire/taskBatch.ts';

export interface Task {
  readonly id: number;
  text: string;
}

export class Played {
  readonly queue: Task[] = [];
  readonly done: number[] = [];
  batches = 0;
  /** What the batches say of ids that stay taken. */
  readonly uniqueFor: TaskBatch['uniqueFor'][] = [];
  /** What other calls are answered. */
  readonly calls: Record<string, (...args: readonly unknown[]) => unknown> = {};
  private stored = 0;
  /** Where in its block the first task stood. */
  firstOffset: number | undefined;
  /** Which batch fails, and whether the store has it although it fails. */
  failAt: { readonly batch: number; readonly lands: boolean; readonly error: Error } | undefined;
  readonly cluster: ManagedCluster<Task>;
  private happened: (event: MemberEvent) => void = () => {};

  constructor(private readonly options: ManagedOptions) {
    const handle = {
      add: (client: { attach(thread: unknown, cluster: number): void; happened(event: MemberEvent): void }) => {
        this.happened = client.happened;
        client.attach(this.thread, 1);
        return 1;
      },
      remove: async () => {},
      watch: { add: () => 1, remove: () => {} },
    };
    const work = { kind: 'module', href: 'file:///work.js' } as const;
    this.cluster = new ManagedCluster<Task>(
      handle as unknown as CoordinatorHandle,
      'played',
      resolveKey('id'),
      work as never,
      resolveManagedOptions(options, resolveIntervals(undefined)),
      'id',
      50,
    );
  }

  private readonly thread = {
    hold: () => {},
    release: () => {},
    open: async () => {},
    call: async (_cluster: number, name: string, ...args: readonly unknown[]) => {
      await new Promise((resolve) => setImmediate(resolve));
      return name === 'submit' ? this.submit(args[0] as TaskBatch) : this.calls[name]?.(...args);
    },
  };

  private submit(batch: TaskBatch): SubmitResult[] {
    const fails = this.failAt?.batch === this.batches ? this.failAt : undefined;
    this.batches += 1;
    if (fails !== undefined && !fails.lands) throw fails.error;
    this.firstOffset ??= batch.offsets[0];
    this.uniqueFor.push(batch.uniqueFor);
    const known = new Set(this.queue.map(({ id }) => id));
    const results = tasksOf(batch).map(({ bytes: { block, offset, length } }): SubmitResult => {
      const task = decodeTask(Buffer.from(block.slice(offset, offset + length))) as Task;
      if (known.has(task.id)) return 'known';
      if (this.queue.length >= (this.options.maxQueue ?? Number.POSITIVE_INFINITY)) return 'full';
      known.add(task.id);
      this.queue.push(task);
      if (this.options.keepOutcomes === undefined) return 'queued';
      this.stored += 1;
      return this.stored;
    });
    if (fails !== undefined) throw fails.error;
    return results;
  }

  /** Does the first tasks. */
  do(count: number): void {
    const ids = this.queue.splice(0, count).map(({ id }) => id);
    this.done.push(...ids);
    this.happened({ type: 'done', ids });
  }
}

export function playedCluster(options: ManagedOptions): Played {
  return new Played(options);
}
