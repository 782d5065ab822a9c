/** The schedules of a subsystem: their last and next slots, what they have missed, and what may be asked of each. */
import { ask, at, kept, quoted, reason } from './actions.js';
import { h } from './dom.js';
import { ago, bdi, button, nil, table, time } from './parts.js';
import { write } from './wire.js';
import { clockTime, count, duration, shown } from './words.js';

const results = {
  queued: 'A task is queued, at the end of the queue.',
  known: 'A task of this very moment is queued already.',
  full: 'The queue is full, so no task was queued.',
};

/** Asks about the schedule as it is by then. `make(row, schedule)`. */
function askOf(page, details, id, make) {
  ask(page, details.row, (row) => {
    const schedule = page.details?.schedules?.rows.find((each) => each.id === id);
    const gone = { title: `Schedule ${quoted(id)}`, lines: ['The store does not have this schedule any more.'] };
    return schedule ? make(row, schedule) : gone;
  });
}

function askPauseSchedule(page, details, id) {
  askOf(page, details, id, (row) => ({
    title: `Pause the schedule ${quoted(id)}`,
    lines: [
      'Its slots pass without a task, on all members and through restarts, until it is resumed. They are not made up then.',
      'Tasks that are queued already stay. Other schedules go on.',
    ],
    fields: [reason],
    verb: 'Pause',
    send: (fields) => write(...at(row.name, 'pause-schedule'), { id, ...kept(fields), ifTerm: row.term }),
    done: () => 'Paused. The master obeys when it looks next, before the next slot.',
  }));
}

function askResumeSchedule(page, details, id) {
  askOf(page, details, id, (row, { paused }) => ({
    title: `Resume the schedule ${quoted(id)}`,
    lines: [
      paused
        ? `The pause by ${shown(paused.by, 60)} since ${clockTime(paused.at)} ends. Slots that have passed stay without a task.`
        : 'It is not paused.',
      ...(paused?.reason ? [`It was paused because: ${shown(paused.reason)}`] : []),
    ],
    verb: paused && 'Resume',
    send: () => write(...at(row.name, 'resume-schedule'), { id, ifAt: paused.at, ifTerm: row.term }),
    done: () => 'Resumed.',
  }));
}

function askTrigger(page, details, id) {
  askOf(page, details, id, (row, { paused }) => ({
    title: `Trigger the schedule ${quoted(id)}`,
    lines: [
      `One task goes to the end of the queue of ${quoted(row.name)} now, beside those of the slots${paused ? ', although the schedule is paused' : ''}.`,
      `If the term is not ${row.term} any more, nothing happens.`,
    ],
    verb: 'Trigger',
    send: () => write(...at(row.name, 'trigger'), { id, ifTerm: row.term }),
    done: ({ result }) => results[result] ?? shown(result),
  }));
}

function askDeleteSchedule(page, details, id) {
  askOf(page, details, id, (row) => ({
    title: `Delete the schedule ${quoted(id)}`,
    lines: [
      'It goes from the store, with what it has missed. Tasks of its slots that are queued stay.',
      'A program that has it again makes it again, and it begins then.',
    ],
    verb: 'Delete',
    send: () => write(...at(row.name, 'delete-schedule'), { id, ifTerm: row.term }),
    done: () => 'Deleted.',
  }));
}

function nextOf(page, { next }) {
  if (next === null) return nil();
  const wait = Date.parse(next) - page.now();
  return time(next, wait > 0 ? `in ${duration(wait)}` : 'due');
}

function stateOf({ paused, parked }) {
  if (paused !== null) {
    return [
      h('b.warn', 'paused'),
      h('small', ' by ', bdi(paused.by, 60), ' since ', time(paused.at, clockTime(paused.at))),
      paused.reason !== null && h('small', ': ', bdi(paused.reason)),
    ];
  }
  return parked ? h('b.warn', { title: 'No member has had it in its program for a day.' }, 'parked') : 'active';
}

function scheduleRow(page, details, schedule, isWritable) {
  const { id, pattern, timeZone, last, missed, missedAt, paused } = schedule;
  const way = paused === null ? ['Pause it…', askPauseSchedule] : ['Resume it…', askResumeSchedule];
  return h(
    'tr',
    { key: id },
    h('th', { scope: 'row' }, bdi(id, 80)),
    h('td', h('code', bdi(pattern, 80))),
    h('td', bdi(timeZone, 60)),
    h('td', nextOf(page, schedule)),
    h('td', last === null ? nil() : ago(page, last)),
    h('td.n', missedAt === null ? count(missed) : time(missedAt, count(missed))),
    h('td', stateOf(schedule)),
    isWritable &&
      h(
        'td.actions',
        button(way[0], () => way[1](page, details, id)),
        button('Trigger…', () => askTrigger(page, details, id)),
        // What a program has is refused.
        schedule.parked && button('Delete…', () => askDeleteSchedule(page, details, id)),
      ),
  );
}

const headings = ['Id', 'Pattern', 'Zone', 'Next', 'Last', '#Missed', 'State'];

/** Returns nothing where no schedule is. */
export function schedulesOf(page, details) {
  const { rows, left, problem } = details.schedules ?? { rows: [], problem: null };
  if (rows.length === 0 && problem === null) return false;
  const isWritable = page.overview.actions.includes('schedule');
  return h(
    'section.card',
    { key: 'schedules' },
    h('h2', `Schedules (${count(rows.length + left)})`),
    problem !== null
      ? h('p.bad', bdi(problem, 600))
      : table(
          isWritable ? [...headings, 'Ask'] : headings,
          rows.map((schedule) => scheduleRow(page, details, schedule, isWritable)),
        ),
    left > 0 && h('p.hint', `${count(left)} more are not shown: the command “schedules” lists all.`),
  );
}
