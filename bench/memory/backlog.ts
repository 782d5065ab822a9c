/**
 * A backlog of stored tasks: what a standby and a master hold before it is there and after, and what a standby holds once
 * it has become the master of it.
 */
import { randomBytes } from 'node:crypto';
import { Child, reportOf } from '../support/child.js';
import { entered } from '../support/entered.js';
import type { BenchStore } from '../support/stores.js';
import type {
  BacklogMemberMessage,
  BacklogMemberSettings,
  FillerReport,
  FillerSettings,
  Resident,
} from './messages.js';

/** Text in each task: a million of them cannot hide in what a process takes and gives anyway. */
export const TASK_BYTES = 256;
const AT_ONCE = 1000;
const FIRST = 1000;

export interface BacklogResult {
  readonly store: string;
  readonly tasks: number;
  readonly seconds: number;
  /** Calls of `submitWork` that the store did not answer in time, and that were made again. */
  readonly refused: number;
  readonly master: { readonly before: Resident; readonly after: Resident };
  readonly standby: { readonly before: Resident; readonly after: Resident };
  /** Of the standby that took over. */
  readonly successor: Resident;
}

export async function measureBacklog(store: BenchStore, tasks: number): Promise<BacklogResult> {
  const name = `backlog-${randomBytes(4).toString('hex')}`;
  const settings: BacklogMemberSettings = { name, options: store.options };
  const start = () => new Child<BacklogMemberMessage>(new URL('backlogMember.js', import.meta.url), settings);
  const fill = (first: number, count: number): Promise<FillerReport> => {
    const filler: FillerSettings = { ...settings, first, tasks: count, bytes: TASK_BYTES, atOnce: AT_ONCE };
    return reportOf<FillerReport>(new URL('filler.js', import.meta.url), filler);
  };
  const master = start();
  const standby = await entered(master, 'master').then(start, (error: unknown) => {
    master.kill();
    throw error;
  });
  try {
    await entered(standby, 'slave');
    // A few, so all has run once: what more of them cost is the question.
    await fill(0, FIRST);
    const before = { master: await residentOf(master), standby: await residentOf(standby) };
    const { seconds, refused } = await fill(FIRST, tasks);
    const after = { master: await residentOf(master), standby: await residentOf(standby) };
    const takenOver = entered(standby, 'master');
    master.kill();
    await takenOver;
    // Its window is fetched while it is measured for the first time.
    await residentOf(standby);
    const successor = await residentOf(standby);
    return {
      store: store.label,
      tasks,
      seconds,
      refused,
      master: { before: before.master, after: after.master },
      standby: { before: before.standby, after: after.standby },
      successor,
    };
  } finally {
    master.kill();
    standby.kill();
    await Promise.all([master.ended, standby.ended]);
  }
}

async function residentOf(member: Child<BacklogMemberMessage>): Promise<Resident> {
  const answer = member.next('resident');
  member.send({ type: 'measure' });
  return (await answer).resident;
}
