/** What was read of a store, as the page shows it. Pure. */
import type { MemberView, SubsystemView } from '../operations/views.js';
import type { Member } from '../store/store.js';
import type { StoredTask } from '../store/taskStore.js';
import type { HandOverInfo, PauseInfo } from '../wire/status.js';
import type { DrainRow, HandOverRow, Iso, MemberRow, PauseRow, QueueRow, Row } from './contract.js';
import { idText } from './payloads.js';

/** The head of a queue, as it was seen. */
export interface SeenHead {
  readonly task: StoredTask;
  /** When it was first seen at the head, by the wall clock here. */
  readonly since: number;
}

export interface Viewed {
  readonly view: SubsystemView;
  readonly head: SeenHead | null;
  readonly settings: Readonly<Record<string, string>>;
}

export function isoOf(date: Date | null): Iso | null {
  // One that is none would throw.
  return date === null || Number.isNaN(date.getTime()) ? null : date.toISOString();
}

/** A date that must be there. */
export function isoAt(date: Date): Iso {
  return isoOf(date) ?? new Date(0).toISOString();
}

export function rowOf(viewed: Viewed): Row {
  const { name, kind, state, master, term, at, age, ttl, queue, dead, members, pause, handOver, problem } = viewed.view;
  return {
    ...{ name, kind, state, master, term, age, ttl, dead, members, problem },
    at: isoOf(at),
    queued: queue?.queued ?? null,
    headAge: queue?.headAge ?? null,
    pause: pause === null ? null : pauseRow(pause),
    handOver: handOver === null ? null : handOverRow(handOver),
    blocked: blockedOf(viewed),
  };
}

function pauseRow({ by, reason, at, until, standby }: PauseInfo): PauseRow {
  return { by, reason, at: isoAt(at), until: isoOf(until), standby };
}

function handOverRow({ term, to, by, reason, at, state, why }: HandOverInfo): HandOverRow {
  return { term, to, by, reason, at: isoAt(at), state, why };
}

/** Returns the end of a sentence that begins with the name; null if nothing holds the queue up. */
export function blockedOf({ view, head, settings }: Viewed): string | null {
  const { pause, queue, state } = view;
  if (pause !== null) return `is paused by ${pause.by}`;
  if ((queue?.queued ?? 0) === 0) return null;
  if (isUsedUp(head, settings)) {
    const { id, attempts } = head.task;
    return `is blocked by its head ${idText(id)}, which has failed ${attempts} times: requeue it to try again`;
  }
  if (state === 'held') return null;
  return state === 'unreadable' ? 'has a lease that cannot be read' : 'has tasks and no master';
}

function isUsedUp(head: SeenHead | null, settings: Readonly<Record<string, string>>): head is SeenHead {
  const attempts = Number(settings.attempts ?? Number.POSITIVE_INFINITY);
  return head !== null && settings.exhausted === 'block' && head.task.attempts >= attempts;
}

export function queueRow(viewed: Viewed): QueueRow | null {
  const { view, head } = viewed;
  const { queue, state, pause } = view;
  if (queue === null || queue.where === 'memory') return null;
  const blocked = blockedOf(viewed);
  const mayRun = head !== null && blocked === null && pause === null && state === 'held';
  return {
    queued: queue.queued ?? 0,
    done: queue.done ?? 0,
    headAt: isoOf(queue.headAt),
    headAge: queue.headAge,
    running: mayRun
      ? { id: idText(head.task.id), attempt: head.task.attempts + 1, since: new Date(head.since).toISOString() }
      : null,
    blocked,
  };
}

export function memberRow({ id, host, pid, state, at, drained, priority, version }: Member): MemberRow {
  return {
    ...{ id, host, pid, state, at: isoAt(at) },
    ...{ drained: drained ?? null, priority: priority ?? null, version: version ?? null },
  };
}

export function byId(a: Pick<MemberView, 'id'>, b: Pick<MemberView, 'id'>): number {
  return a.id < b.id ? -1 : 1;
}

export function drainRow(drain: { key: string; by: string; reason?: string; at: Date }): DrainRow {
  return { key: drain.key, by: drain.by, reason: drain.reason ?? null, at: isoAt(drain.at) };
}

/** Whether two rows differ in more than their ages, which the page counts on by itself. `isFine`: beats count, too. */
export function differs(before: Row, now: Row, isFine: boolean): boolean {
  return shape(before, isFine) !== shape(now, isFine);
}

function shape({ age: _age, headAge: _headAge, at, ...rest }: Row, isFine: boolean): string {
  return JSON.stringify(isFine ? { ...rest, at } : rest);
}
