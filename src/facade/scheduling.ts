/** The schedules of a durable cluster on the main thread: checks them, encodes their tasks, and makes those of functions. */
import { createHash } from 'node:crypto';
import { quote, showValue } from '../diagnostics/showValue.js';
import { FailoverError, InvalidOptionError, TaskError, toWire } from '../errors.js';
import { isObject } from '../options/checks.js';
import type { ResolvedManagedOptions } from '../options/options.js';
import { resolveDrain } from '../options/orders.js';
import { type ScheduleInfo, scheduleInfo } from '../requests/scheduleInfo.js';
import { filled, slotsToBackfill, taskIdOf } from '../requests/slots.js';
import { checkInstant, resolveSchedule, resolveScheduleId } from '../schedules/options.js';
import { encodeTask } from '../task/taskCodec.js';
import type { Clock } from '../time/clock.js';
import { whenRejected } from '../values/rejections.js';
import type { AskedSlot, Declaration, MakeSlotTask, ScheduleAnswer, ScheduleCall } from '../wire/schedules.js';
import type { Backfilled } from './schedulesApi.js';

/** A longer digest tells no more. */
const DIGEST_LENGTH = 16;

type MakeTask = (slot: Date) => unknown;

interface Declared {
  readonly declaration: Declaration;
  readonly make: MakeTask | null;
}

interface SchedulingParts {
  readonly name: string;
  /** The property that holds the id of a task; null: a function reads it. */
  readonly key: string | null;
  readonly options: ResolvedManagedOptions;
  readonly clock: Pick<Clock, 'wall'>;
  call(call: ScheduleCall): Promise<ScheduleAnswer>;
  failed(error: Error): void;
}

export class Scheduling {
  private readonly declared = new Map<string, Declared>();

  constructor(private readonly parts: SchedulingParts) {}

  async schedule(id: unknown, pattern: unknown, task: unknown, options: unknown): Promise<void> {
    this.mustBeDurable();
    const rules = resolveSchedule(id, pattern, options, this.parts.clock.wall());
    const make = typeof task === 'function' ? (slot: Date): unknown => Reflect.apply(task, undefined, [slot]) : null;
    const template = make === null ? this.encode(task, null) : null;
    const digest = template === null ? '' : createHash('sha256').update(template).digest('hex').slice(0, DIGEST_LENGTH);
    const declaration = { ...rules, template, digest };
    this.declared.set(rules.id, { declaration, make });
    await this.parts.call({ name: 'declare', args: [declaration] });
  }

  /** Tells a coordinator that takes over from a dead one. */
  async declareAgain(): Promise<void> {
    const all = Array.from(this.declared.values(), ({ declaration }) => declaration);
    await Promise.all(all.map((declaration) => this.parts.call({ name: 'declare', args: [declaration] })));
  }

  async list(): Promise<ScheduleInfo[]> {
    this.mustBeDurable();
    const rows = (await this.parts.call({ name: 'list', args: [] })) as ScheduleAnswer<'list'>;
    const now = this.parts.clock.wall();
    return rows.map((row) => scheduleInfo(row, now));
  }

  async trigger(id: unknown): Promise<boolean> {
    this.mustBeDurable();
    const { stored } = await this.queue(resolveScheduleId(id), 'trigger', [this.parts.clock.wall()]);
    return stored === 1;
  }

  async backfill(id: unknown, from: unknown, to: unknown): Promise<Backfilled> {
    this.mustBeDurable();
    const known = resolveScheduleId(id);
    const [begin, end] = [checkInstant(from, 'from'), checkInstant(to, 'to')];
    if (begin === null || end === null) {
      throw new InvalidOptionError(`backfill takes two instants, not ${showValue(from)} and ${showValue(to)}`);
    }
    const row = (await this.parts.call({ name: 'find', args: [known] })) as ScheduleAnswer<'find'>;
    return this.queue(known, 'backfill', slotsToBackfill(row, begin, end, this.parts.clock.wall()));
  }

  async pause(id: unknown, options: unknown): Promise<void> {
    this.mustBeDurable();
    const known = resolveScheduleId(id);
    const { reason } = resolveDrain(options);
    await this.parts.call({ name: 'pause', args: [known, reason] });
  }

  async resume(id: unknown): Promise<void> {
    this.mustBeDurable();
    await this.parts.call({ name: 'resume', args: [resolveScheduleId(id)] });
  }

  async delete(id: unknown): Promise<void> {
    this.mustBeDurable();
    await this.parts.call({ name: 'delete', args: [resolveScheduleId(id)] });
  }

  /** Makes the task of a slot for the master. A function that fails is asked again later. */
  async make({ schedule, taskId, slot }: MakeSlotTask): Promise<void> {
    const { call, failed } = this.parts;
    let bytes: Uint8Array | null = null;
    try {
      bytes = this.madeBy(schedule, taskId, slot);
    } catch (error) {
      failed(error instanceof FailoverError ? error : new FailoverError('ERR_SCHEDULE_TASK', toWire(error).message));
    }
    // A coordinator that follows on a dead one asks again.
    await call({ name: 'made', args: [taskId, bytes] }).catch(() => {});
  }

  private async queue(id: string, kind: 'trigger' | 'backfill', slots: readonly number[]): Promise<Backfilled> {
    const make = this.declared.get(id)?.make ?? null;
    const asked = slots.map((slot): AskedSlot => {
      const taskId = taskIdOf(id, slot, kind);
      return { slot, bytes: make === null ? null : this.madeBy(id, taskId, slot) };
    });
    const results = (await this.parts.call({ name: 'queue', args: [id, kind, asked] })) as ScheduleAnswer<'queue'>;
    const count = (wanted: string): number => results.filter((result) => result === wanted).length;
    if (count('full') > 0) {
      const { name, options } = this.parts;
      const text = `the queue of '${name}' holds ${options.maxQueue} tasks (maxQueue); ${count('stored')} were stored`;
      throw new TaskError('ERR_QUEUE_FULL', text);
    }
    return { stored: count('stored'), duplicates: count('known') };
  }

  private madeBy(id: string, taskId: string, slot: number): Uint8Array {
    const make = this.declared.get(id)?.make;
    const text = `the function that makes the task of the schedule '${id}'`;
    if (make === undefined || make === null) throw new FailoverError('ERR_SCHEDULE_TASK', `${text} is not there`);
    let task: unknown;
    let isPromise = false;
    try {
      task = make(new Date(slot));
      isPromise = typeof task === 'object' && task !== null && 'then' in task;
      // Its rejection is no one's, and must not end the process.
      if (isPromise) whenRejected(task, () => {});
    } catch (cause) {
      throw new FailoverError('ERR_SCHEDULE_TASK', `${text} threw: ${quote(toWire(cause).message)}`, { cause });
    }
    if (isPromise) {
      throw new FailoverError('ERR_SCHEDULE_TASK', `${text} returned a promise: it must return the task at once`);
    }
    return this.encode(task, taskId);
  }

  /** Returns the bytes of the task. Without an id they are a template, to which the id is added. */
  private encode(task: unknown, taskId: string | null): Uint8Array {
    const { key, options } = this.parts;
    if (!isObject(task))
      throw new InvalidOptionError(`the task of a schedule must be an object, not ${showValue(task)}`);
    // As it is, and what a task cannot hold is refused: a promise, a map, a getter that throws.
    const bytes = encodeTask(task, options.maxTaskBytes, (most, write) => {
      const block = new Uint8Array(most);
      return block.subarray(0, write(block, 0));
    });
    if (key !== null && hasField(task, key)) {
      const why = `the property '${key}' of the task holds the id of its slot, so the program must not set it`;
      throw new InvalidOptionError(why);
    }
    return taskId === null ? bytes : filled(bytes, key, taskId);
  }

  private mustBeDurable(): void {
    if (this.parts.options.durable) return;
    throw new InvalidOptionError(`schedules need a durable cluster: make '${this.parts.name}' with durable: true`);
  }
}

/** A getter may have gone on to throw. */
function hasField(task: object, key: string): boolean {
  try {
    return Reflect.get(task, key) !== undefined;
  } catch (cause) {
    throw new TaskError('ERR_TASK_NOT_CLONEABLE', `the property '${key}' of the task could not be read`, { cause });
  }
}
