/** Mistakes in schedules: a slot lost, twice, early, or repeated. */
import type { PlantedBug } from '../plantedBug.ts';

const timetable = 'src/coordinator/schedules/timetable.ts';
const planner = 'src/schedules/planner.ts';
const caughtBy = ['named'] as const;

export const scheduleBugs: readonly PlantedBug[] = [
  {
    name: 'correction-of-a-clock-counts-as-beat',
    breaks:
      'A clock that is found to be behind counts as a beat, so a deposed master replaces what a later one has written.',
    file: 'src/coordinator/schedules/masterRows.ts',
    find: 'if (validUntil > this.validUntil) this.beats += 1;',
    replace: 'if (validUntil !== this.validUntil) this.beats += 1;',
    caughtBy: ['named'],
  },
  {
    name: 'cursor-before-the-task',
    breaks: 'The cursor moves before the task of the slot is stored, so a crash between the two loses the slot.',
    file: 'src/coordinator/schedules/settling.ts',
    find: 'const results = tasks.length === 0 ? [] : await adder.add(tasks, term, since);',
    replace: `const early = ids.flatMap((id) => this.open.get(id) ?? []);
    await rows.write(early.map(({ row, plan }) => ({ id: row.id, expected: row, term, set: { cursor: plan.cursor } })));
    const results = tasks.length === 0 ? [] : await adder.add(tasks, term, since);`,
    caughtBy,
  },
  {
    name: 'slot-twice-after-a-takeover',
    breaks: 'A task begins, and may be done and trimmed, before its slot is settled; the next master stores it again.',
    file: 'src/coordinator/schedules/settledSlots.ts',
    find: 'if ((this.through.get(id) ?? 0) >= slot) return true;',
    replace: 'if (slot > 0) return true;',
    caughtBy,
  },
  {
    name: 'task-before-its-origin-is-settled',
    breaks: 'The queue does not ask whether a task may begin, so its slot may get a second one.',
    file: 'src/queue/durable/reign.ts',
    find: '|| !this.mayLeave(task);',
    replace: '|| task.seq < 0;',
    caughtBy,
  },
  {
    name: 'slot-before-its-jitter',
    breaks: 'A slot gets its task before its time, which its jitter is a part of.',
    file: planner,
    find: 'if (late < 0) break;',
    replace: 'if (late < -jitter) break;',
    caughtBy,
  },
  {
    name: 'slot-before-its-time',
    breaks: 'A slot gets its task up to a minute before its time.',
    file: planner,
    find: 'export function* planSlots(planned: Planned, now: number): Generator<void, Plan> {',
    replace: `export function* planSlots(planned: Planned, clock: number): Generator<void, Plan> {
  const now = clock + 60_000;`,
    caughtBy,
  },
  {
    name: 'cursor-backwards',
    breaks: 'A master whose clock is behind moves the cursor back when the pattern has changed.',
    file: 'src/coordinator/schedules/declared.ts',
    find: 'Math.max(row.cursor, now)',
    replace: 'now',
    caughtBy,
  },
  {
    name: 'broken-clock-believed',
    breaks: 'A clock that is set a month forward settles the slots of a month.',
    file: 'src/schedules/clockWatch.ts',
    find: 'if (ahead > most) {',
    replace: 'if (ahead > most + 1e12) {',
    caughtBy,
  },
  {
    name: 'paused-schedule-queues',
    breaks: 'A schedule that is paused queues tasks.',
    file: timetable,
    find: 'row.paused === null ? await',
    replace: 'row.cursor > 0 ? await',
    caughtBy,
  },
  {
    name: 'resume-during-a-look',
    breaks: 'Slots of a pause have tasks if a resume comes while a master looks.',
    file: timetable,
    find: 'openAfter(row, this.parts.clock.wall())',
    replace: 'openAfter(row, now)',
    caughtBy,
  },
  {
    name: 'slots-by-id',
    breaks: 'Slots that are due at once come in the order of their ids, not of their times.',
    file: 'src/coordinator/schedules/settling.ts',
    find: 'a.planned.slot - b.planned.slot || (a.id < b.id ? -1 : 1)',
    replace: '(a.id === b.id ? a.planned.slot - b.planned.slot : a.id < b.id ? -1 : 1)',
    caughtBy,
  },
  {
    name: 'oldest-missed-slots',
    breaks: 'The oldest of the missed slots are made up, not the latest.',
    file: planner,
    find: 'young.slice(-room)',
    replace: 'young.slice(0, room)',
    caughtBy,
  },
  {
    name: 'overlap-ignored',
    breaks: 'A slot gets a task while that of the slot before is running.',
    file: planner,
    find: 'const isFree = !isBusy && ',
    replace: 'const isFree = ',
    caughtBy,
  },
  {
    name: 'standbys-do-not-keep-schedules',
    breaks: 'A schedule is parked although a standby has it in its program.',
    file: timetable,
    find: '[...this.entries.keys()], clock.wall()',
    replace: '[], clock.wall()',
    caughtBy,
  },
  {
    name: 'cursor-without-comparison',
    breaks: 'A late write of a master that was deposed moves a cursor that another one has moved.',
    file: 'src/store/embedded/schedules.ts',
    find: 'return isOld && old.cursor === cursor && ',
    replace: 'return isOld && cursor >= 0 && ',
    caughtBy: ['contract'],
  },
  {
    name: 'row-of-another-life-stays',
    breaks: 'Where terms begin again, the master never replaces rows of higher ones, so the queue waits for ever.',
    file: 'src/coordinator/schedules/masterRows.ts',
    find: 'return found === undefined || this.beats >= found.beats + BEATS_SURE;',
    replace: 'return found === undefined;',
    caughtBy,
  },
  {
    name: 'row-of-a-later-master-replaced',
    breaks: 'A deposed master replaces what a later one has written.',
    file: 'src/coordinator/schedules/masterRows.ts',
    find: 'return found === undefined || this.beats >= found.beats + BEATS_SURE;',
    replace: 'return found === undefined || this.beats >= found.beats;',
    caughtBy,
  },
  {
    name: 'cursors-trusted-for-ever',
    breaks: 'All slots after an outage are stored by what was read before the first, so the store refuses them.',
    file: 'src/coordinator/schedules/settling.ts',
    find: 'if (!isFirst || clock.now() - since.now > FRESH_MS) {',
    replace: 'if (!isFirst && clock.now() < 0) {',
    caughtBy,
  },
];
