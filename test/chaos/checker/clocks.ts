/**
 * What the wall clocks of the members showed. That of a master says when a slot or a task is due. So what was due by the clock of a
 * master that a fault had set ahead may begin before its time, and under later masters, too: nothing takes it back.
 */
import type { Mastership } from './masterships.ts';
import type { Finding } from './order.ts';
import type { Asked, Fault, Generation, Settings } from './records.ts';
import type { Run } from './runs.ts';

/** What clocks of one machine may differ by, in ms: the offset of its clocks was taken once. */
export const DIFFER = 5;
/** How long after the last sight of its lease a master may still have acted, in ms. */
const UNSEEN = 200;

/** A clock that was ahead while its member was master at some moment; `from` and `to` are moments of the monotonic clock. */
export interface Ahead {
  readonly from: number;
  readonly to: number;
  readonly ms: number;
}

export class WallClocks {
  private readonly aheads: readonly Ahead[];
  private readonly offset: number;

  constructor(
    { wallOffset }: Pick<Settings, 'wallOffset'>,
    faults: readonly Fault[],
    masterships: readonly Mastership[],
  ) {
    this.offset = wallOffset;
    this.aheads = faults.flatMap(({ ahead = 0, member, from, to }) => {
      const wasMaster = masterships.some(
        (one) => placeOf(one.member) === placeOf(member) && one.start <= to && one.end + UNSEEN >= from,
      );
      return ahead > 0 && wasMaster ? [{ from, to, ms: ahead }] : [];
    });
  }

  /** Returns what a right clock showed. */
  at(moment: number): number {
    return moment + this.offset;
  }

  /** Returns the clocks of masters that had been set ahead before a moment. */
  aheadBefore(moment: number): Ahead[] {
    return this.aheads.filter(({ from }) => from < moment);
  }

  /** Returns the moment at which a right clock showed that time. */
  momentOf(wall: number): number {
    return wall - this.offset;
  }

  /**
   * Returns the latest time that the clock of a master showed up to a moment, if that was ahead; else what a right one showed. One that
   * was right again before `since` settled nothing of what there is since then.
   */
  latest(moment: number, since: number): number {
    const aheads = this.aheadBefore(moment).filter(({ to }) => to + UNSEEN >= since);
    const ahead = aheads.map(({ to, ms }) => this.at(Math.min(to, moment)) + ms);
    return Math.max(this.at(moment), ...ahead);
  }
}

/** Runs that begin before the time of their slot, or before they were due. */
export function beforeTime(
  runs: readonly Run[],
  asked: readonly Asked[],
  generations: readonly Generation[],
  clocks: WallClocks,
): Finding[] {
  const due = new Map(asked.flatMap((one) => (one.what === 'due' && one.due !== undefined ? [[one.id, one]] : [])));
  const begun = new Map(generations.map(({ number, from }) => [`${number}`, clocks.momentOf(from)]));
  return runs.flatMap(({ id, slot, schedule = '', start, wall, member, term }) => {
    const later = due.get(id);
    const time = slot ?? later?.due;
    const since = slot === undefined ? later?.sent : begun.get(schedule.slice(schedule.lastIndexOf('.') + 1));
    if (time === undefined || wall >= time || clocks.latest(start, since ?? 0) + DIFFER >= time) return [];
    const early = (time - clocks.at(start)).toFixed(0);
    return [{ at: start, text: `task ${id} starts on ${member} in term ${term}, ${early} ms before its time` }];
  });
}

/** Processes at one place show one clock. */
function placeOf(member: string): string {
  return member.split('.')[0] ?? '';
}
