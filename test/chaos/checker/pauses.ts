/**
 * The pauses of schedules. Slots between the answer to a pause and the resume have no task. Those that were open when the pause came may
 * have none either, and so may those up to the answer to the resume. All others have one, as without a pause (slots.ts).
 *
 * A pause that failed may be in force or not, up to the next resume. So may one that a fault has brought back with an older copy of
 * the store, or has taken.
 */
import { DIFFER, type WallClocks } from './clocks.ts';
import type { Epochs } from './epochs.ts';
import { groupBy } from './groupBy.ts';
import type { Finding } from './order.ts';
import type { Asked, Fault, Generation, ScheduleRule } from './records.ts';
import type { Run } from './runs.ts';

/** After so long a master has seen that a schedule is no more paused, in ms. */
const SEEN = 10_000;

interface Pause {
  readonly schedule: string;
  readonly sent: number;
  /** When it was answered; undefined: it failed. */
  readonly since: number | undefined;
  /** When its resume was first asked for, and answered. */
  readonly resumed: number;
  readonly until: number;
}

interface Seen {
  readonly asked: readonly Asked[];
  readonly faults: readonly Fault[];
  readonly generations: readonly Generation[];
  readonly clocks: WallClocks;
  readonly epochs: Epochs;
}

export class Pauses {
  private readonly ofSchedule: ReadonlyMap<string, readonly Pause[]>;

  constructor(private readonly seen: Seen) {
    this.ofSchedule = groupBy(pausesOf(seen), ({ schedule }) => schedule);
  }

  /** Returns whether the slots from the first through the last may have no task because of a pause. */
  excuse(schedule: string, { every }: ScheduleRule, first: number, last: number): boolean {
    const { clocks } = this.seen;
    const pauses = this.ofSchedule.get(schedule) ?? [];
    // Under a clock that is wrong, slots of another time pass.
    if (pauses.some((pause) => this.isClockWrong(pause))) return true;
    return pauses.some(
      ({ sent, until }) => last >= first && last >= clocks.at(sent) - every && last <= clocks.at(until) + DIFFER,
    );
  }

  /** Tasks of slots that were to pass without one. */
  broken(runs: readonly (Run & { readonly slot: number })[]): Finding[] {
    const { clocks, epochs } = this.seen;
    return runs.flatMap(({ id, schedule = '', slot, start, member }) => {
      const pause = this.ofSchedule
        .get(schedule)
        ?.find(
          ({ since = Number.POSITIVE_INFINITY, resumed }) =>
            slot > clocks.at(since) + DIFFER && slot < clocks.at(resumed) - DIFFER,
        );
      if (pause?.since === undefined || this.isClockWrong(pause)) return [];
      if (epochs.forgets(pause.sent, start, pause.since)) return [];
      const into = (slot - clocks.at(pause.since)).toFixed(0);
      return [
        { at: start, text: `task ${id} starts on ${member}, and ${schedule} was paused ${into} ms before its slot` },
      ];
    });
  }

  /** Whether a clock was set from the beginning of the schedules until the pause was over. */
  private isClockWrong({ schedule, until }: Pause): boolean {
    const { generations, clocks, faults } = this.seen;
    const own = generations.find(({ number }) => schedule.endsWith(`.${number}`));
    const from = own === undefined ? Number.NEGATIVE_INFINITY : clocks.momentOf(own.from);
    return faults.some((fault) => fault.kind === 'wall-clock' && fault.to >= from && fault.from <= until + SEEN);
  }
}

function pausesOf({ asked, faults }: Seen): Pause[] {
  const lines = asked.filter(
    ({ what, state }) => what === 'resumes' || (what === 'pauses' && state !== 'ERR_SCHEDULE_UNKNOWN'),
  );
  return lines.flatMap(({ what, id: schedule, sent, at, state }) => {
    if (what === 'resumes') return [];
    const resumes = lines.filter((one) => one.what === 'resumes' && one.id === schedule && one.sent >= at);
    const resumed = resumes[0]?.sent ?? Number.POSITIVE_INFINITY;
    const ends = resumes.filter((one) => one.state === 'done').map((one) => one.at);
    const end = ends[0] ?? Number.POSITIVE_INFINITY;
    // A copy that was made by then may have it, and it may have the pause of a call that failed landed later.
    const back = faults.filter(({ forgot, from }) => forgot !== undefined && from <= end).map(({ to }) => to);
    const after = Math.max(end, ...back.filter((to) => to > sent));
    const last = ends.find((each) => each > after) ?? Number.POSITIVE_INFINITY;
    const isSure = state === 'done' && after === end;
    return [{ schedule, sent, since: state === 'done' ? at : undefined, resumed, until: isSure ? end : last }];
  });
}
