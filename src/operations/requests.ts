/** What operators ask of members, without a member of their own. The rules are in the room `requests`, for members too. */
import { randomUUID } from 'node:crypto';
import type { Asked } from '../requests/change.js';
import { askChangeTask, type ChangeTaskOutcome } from '../requests/changeTask.js';
import { deskOfReader } from '../requests/desk.js';
import {
  follow,
  type HandOverAsked,
  type HandOverOutcome,
  type HandOverWritten,
  writeHandOver,
} from '../requests/handOver.js';
import { endPause, type PauseAsked, writePause } from '../requests/pause.js';
import type { Pause } from '../store/orders.js';
import type { StoreReader } from '../store/reader.js';
import type { Member, Store } from '../store/store.js';
import type { FullStore } from '../store/taskStore.js';
import type { TaskId } from '../task/task.js';
import type { Clock } from '../time/clock.js';
import { pause as wait } from '../time/pause.js';

export type { Asked } from '../requests/change.js';
export type { ChangeTaskOutcome } from '../requests/changeTask.js';
export type { HandOverAsked, HandOverOutcome, HandOverWritten } from '../requests/handOver.js';
export { membersBy } from '../requests/members.js';
export type { PauseAsked } from '../requests/pause.js';

/** Between two looks at what became of a request, in ms. */
const LOOK_MS = 200;

/** A lease without a beat for so many times to live is that of a dead member. */
const TIMES_TTL = 3;

type Writer = Pick<Store, 'writeOrders'>;

export interface CancelAsked {
  readonly name: string;
  readonly by: string;
  readonly id: TaskId;
  readonly running: boolean;
  /** The number of the task; without it, the task that has the id now is meant. */
  readonly seq?: number;
  /** How long to wait for the master, in ms. */
  readonly timeout: number;
}

/** Asks the master to cancel a stored task, and waits for its answer. */
export function askCancel(
  reader: StoreReader,
  writer: Writer & Pick<FullStore, 'tasks'>,
  { name, by, id, running, seq, timeout }: CancelAsked,
  clock: Clock,
): Promise<ChangeTaskOutcome> {
  const asked = { name, unique: randomUUID(), by, key: id, running, seq, bytes: null };
  const desk = deskOfReader(reader, writer);
  return askChangeTask(asked, { store: writer.tasks, desk, clock, poll: LOOK_MS, timeout });
}

export interface UpdateAsked extends Pick<CancelAsked, 'name' | 'by' | 'id' | 'timeout'> {
  /** The task that takes the place, encoded. */
  readonly bytes: Uint8Array;
}

/** Asks the master to give a queued task another payload, and waits for its answer. */
export function askUpdate(
  reader: StoreReader,
  writer: Writer & Pick<FullStore, 'tasks'>,
  { name, by, id, bytes, timeout }: UpdateAsked,
  clock: Clock,
): Promise<ChangeTaskOutcome> {
  const asked = { name, unique: randomUUID(), by, key: id, running: false, bytes };
  const desk = deskOfReader(reader, writer);
  return askChangeTask(asked, { store: writer.tasks, desk, clock, poll: LOOK_MS, timeout });
}

type Wall = Pick<Clock, 'wall'>;

/** Asks the master of the present term to hand over. */
export function askHandOver(
  reader: StoreReader,
  writer: Writer,
  asked: HandOverAsked,
  clock: Wall,
): Promise<Asked<HandOverWritten>> {
  return writeHandOver(deskOfReader(reader, writer), asked, clock);
}

/** Waits until another mastership has begun, or the request was refused. After `timeout` ms it is taken back. */
export function followHandOver(
  reader: StoreReader,
  writer: Writer,
  name: string,
  request: HandOverWritten,
  { timeout, clock }: { readonly timeout: number; readonly clock: Clock },
): Promise<HandOverOutcome> {
  const { master } = request;
  const nextLook = (): Promise<void> => wait(clock, LOOK_MS);
  return follow(deskOfReader(reader, writer), { name, request, master, timeout, clock, nextLook });
}

/** Pauses a subsystem that is not paused. */
export function askPause(reader: StoreReader, writer: Writer, asked: PauseAsked, clock: Wall): Promise<Asked<Pause>> {
  return writePause(deskOfReader(reader, writer), asked, { clock, replaces: false });
}

/** Ends the pause of a subsystem. Returns the pause that it had. `ifAt`: only if it was asked for at that time, in ms. */
export function askResume(reader: StoreReader, writer: Writer, name: string, ifAt?: number): Promise<Asked<Pause>> {
  return endPause(deskOfReader(reader, writer), name, ifAt);
}

/** Returns the subsystems that members whom a drain concerns still hold. What a dead one left behind is not waited for. */
export async function heldUnder(
  reader: StoreReader,
  isDrained: (member: Member) => boolean,
  clock: Wall,
): Promise<{ readonly name: string; readonly holder: string }[]> {
  const members = (await reader.members(null)).filter(isDrained);
  const names = [...new Set(members.map(({ name }) => name))];
  const ids = new Set(members.map(({ id }) => id));
  const leases = names.length === 0 ? [] : await reader.leasesOf(names);
  return leases.flatMap(({ name, lease, at }) => {
    const holder = lease?.holder ?? null;
    if (lease === null || holder === null || !ids.has(holder)) return [];
    const isDead = at !== null && clock.wall() - at.getTime() > TIMES_TTL * lease.ttl;
    return isDead ? [] : [{ name, holder }];
  });
}
