/** The schedules of one durable cluster as its facade asks for them, and what the timetable needs of the store. */
import { FailoverError, toWire } from '../../errors.js';
import { askedTask, declaredSchedule, deleteSchedule, type SlotTask, unknownSchedule } from '../../requests/slots.js';
import { originOf } from '../../schedules/slots.js';
import type { ScheduleStore, StoredSchedule } from '../../store/schedules.js';
import type { Store } from '../../store/store.js';
import type { AddResult, TaskStore } from '../../store/taskStore.js';
import type { Clock } from '../../time/clock.js';
import type { MemberEvent } from '../../wire/messages.js';
import type { AskedSlot, Declaration, ScheduleAnswer, ScheduleCall, ScheduleCalls } from '../../wire/schedules.js';
import { Timetable } from './timetable.js';

/** Tasks that people ask for, in one call of the store. */
const PORTION = { tasks: 128, bytes: 1024 * 1024 };

export interface ScheduleParts {
  readonly name: string;
  readonly holder: string;
  readonly clock: Clock;
  readonly schedules: ScheduleStore;
  /** As the store has it. */
  readonly clockAhead: Store['clockAhead'];
  readonly tasks: Pick<TaskStore, 'addTasks' | 'relayTasks' | 'queueState' | 'tasksAfter'>;
  readonly key: string | null;
  readonly maxQueue: number;
  emit(event: MemberEvent): void;
  /** Called when tasks were stored, which the queue does not know. */
  stored(): void;
  /** Called when tasks may begin that were not to. */
  mayBegin(): void;
}

export class ClusterSchedules implements ScheduleCalls {
  readonly timetable: Timetable;

  constructor(private readonly parts: ScheduleParts) {
    const { name, holder, clock, schedules, tasks, key, emit } = parts;
    this.timetable = new Timetable({
      ...{ name, clock, store: schedules, key },
      adder: {
        done: async () => (await tasks.queueState(name)).done,
        reaches: async (seq) => (await tasks.tasksAfter(name, seq - 1, { tasks: 1, bytes: 1 })).length > 0,
        add: async (added, term, since) => {
          const relayed = added.map(({ id, bytes, details, schedule, slot }) => ({
            ...{ id, bytes, details, origin: originOf(schedule, slot) },
          }));
          const results = await tasks.relayTasks({ name, term, holder }, relayed, since);
          if (results?.some(({ type }) => type === 'stored')) parts.stored();
          return results?.map((result) => ({ seq: result.type === 'known' ? null : (result.seq ?? null) })) ?? null;
        },
      },
      make: (schedule, taskId, slot) => emit({ type: 'makeSlotTask', schedule, taskId, slot }),
      mayBegin: () => parts.mayBegin(),
      breathe: () => this.breathe(),
      trouble: (error) => emit({ type: 'error', error: toWire(error) }),
      info: (text) => emit({ type: 'info', text }),
    });
  }

  /** Makes the call. */
  answer({ name, args }: ScheduleCall): Promise<ScheduleAnswer> {
    return Reflect.apply(this[name], this, args);
  }

  async declare(declaration: Declaration): Promise<void> {
    this.timetable.declare(declaration);
  }

  list(): Promise<StoredSchedule[]> {
    return this.parts.schedules.readSchedules(this.parts.name, null);
  }

  async find(id: string): Promise<StoredSchedule> {
    const { schedules, name } = this.parts;
    const [row] = await schedules.readSchedules(name, [id]);
    if (row === undefined) throw unknownSchedule(name, id);
    return row;
  }

  async queue(id: string, kind: 'trigger' | 'backfill', slots: readonly AskedSlot[]): Promise<AddResult['type'][]> {
    const { name, tasks, clock, key, maxQueue } = this.parts;
    const now = clock.wall();
    const isWithout = slots.some(({ bytes }) => bytes === null);
    const template = isWithout ? await this.template(id) : new Uint8Array();
    const types: AddResult['type'][] = [];
    for (let asked: SlotTask[] = []; types.length < slots.length; asked = []) {
      let bytes = 0;
      for (const each of slots.slice(types.length, types.length + PORTION.tasks)) {
        const made = each.bytes === null ? { template, key } : { bytes: each.bytes };
        const task = askedTask(id, { slot: each.slot, kind, now }, made);
        bytes += task.bytes.length;
        if (bytes > PORTION.bytes && asked.length > 0) break;
        asked.push(task);
      }
      const results = await tasks.addTasks(name, asked, maxQueue);
      if (results.some(({ type }) => type === 'stored')) this.parts.stored();
      types.push(...results.map(({ type }) => type));
      await this.breathe();
    }
    return types;
  }

  /** Gives way to what else the thread has to do: beats go first. */
  private breathe(): Promise<void> {
    const { clock } = this.parts;
    return new Promise((resolve) => clock.at(clock.now(), resolve));
  }

  private async template(id: string): Promise<Uint8Array> {
    const { schedules, name } = this.parts;
    const found = this.timetable.declared(id) ?? (await schedules.findSchedule(name, id));
    if (found === null) throw unknownSchedule(name, id);
    const template = 'template' in found ? found.template : found.payload;
    if (template !== null) return template;
    const text = `the task of the schedule '${id}' of '${name}' is made by a function: ask a member that has it in its program`;
    throw new FailoverError('ERR_SCHEDULE_TASK', text);
  }

  async pause(id: string, reason: string | null): Promise<void> {
    const { schedules, name, holder, clock } = this.parts;
    const pause = { by: holder, at: new Date(clock.wall()), ...(reason === null ? {} : { reason }) };
    if (!(await schedules.pauseSchedule(name, id, pause))) throw unknownSchedule(name, id);
  }

  async resume(id: string): Promise<void> {
    const { schedules, name, clock } = this.parts;
    if (!(await schedules.resumeSchedule(name, id, clock.wall()))) throw unknownSchedule(name, id);
    this.timetable.wake(id);
  }

  async delete(id: string): Promise<void> {
    const { name, clock } = this.parts;
    if (this.timetable.declared(id) !== undefined) throw declaredSchedule(name, id, 'this program has it', 0);
    await deleteSchedule(this.parts, { name, id, now: clock.wall() });
  }

  async made(taskId: string, bytes: Uint8Array | null): Promise<void> {
    this.timetable.tasksMade(taskId, bytes);
  }
}
