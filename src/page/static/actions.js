/** What may be asked of members: each says first what exactly will happen. */
import { read, write } from './wire.js';
import { clockTime, duration, plural, shown } from './words.js';

const LETTERS_MAX = 100;
const MINUTE = 60_000;
export const reason = { name: 'reason', label: 'Reason', hint: 'everyone who looks sees it', max: 200 };
export const at = (name, action) => [`subsystems/-/${action}`, { name }];
export const quoted = (text) => `“${shown(text, 60)}”`;
const called = ({ id, host, pid }) => `${shown(id, 80)}${host === null ? '' : ` (${shown(host, 60)}, process ${pid})`}`;
export const kept = (fields) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== '' && value !== undefined));

/** Opens the dialog. `make(row)` makes what it says of a row; after a conflict it is made again of the row as it is then. */
export function ask(page, row, make) {
  page.ask = { row, make, ...make(row), stage: 'open', answer: null };
  page.render();
}

export function askHandOver(page, { row, memberList }, to = '') {
  ask(page, row, (now) => {
    const able = memberList.filter(
      ({ id, priority, drained }) => id !== now.master?.id && priority !== 0 && drained !== true,
    );
    const options = [['', 'any other member'], ...able.map((member) => [member.id, called(member)])];
    const name = quoted(now.name);
    if (now.master === null)
      return { title: `Hand ${name} over`, lines: ['It has no master now, so there is nothing to hand over.'] };
    return {
      title: `Hand ${name} over`,
      lines: [
        `${called(now.master)} is master in term ${now.term}. It begins no new task, finishes the one that runs, and releases the lease.`,
        'Another member then claims it, which makes a new term. No task is lost. If the task does not end in time, the master refuses.',
        `If the term is not ${now.term} any more when this arrives, nothing happens.`,
      ],
      fields: [{ name: 'to', label: 'Next master', options, value: to }, reason],
      verb: 'Hand over',
      send: (fields) => write(...at(now.name, 'hand-over'), { ...kept(fields), ifTerm: now.term }),
      done: () => 'Asked. The master answers within moments; the line below the name says how it goes.',
    };
  });
}

const lengths = [
  ['', 'until it is resumed'],
  ...[15, 60, 240, 1440].map((minutes) => [minutes * MINUTE, `for ${duration(minutes * MINUTE)}`]),
];

export function askPause(page, details) {
  ask(page, details.row, (now) => ({
    title: `Pause ${quoted(now.name)}`,
    lines: [
      `No member begins a new task, in term ${now.term} and in later ones. A task that runs comes to its end.`,
      now.kind === 'unmanaged'
        ? 'This subsystem has no queue: its own code hears “paused” and must rest by itself.'
        : 'Tasks can still be submitted, and wait.',
    ],
    fields: [
      { name: 'for', label: 'How long', options: lengths },
      { name: 'standby', label: 'No member is to be master, either', isBox: true },
      reason,
    ],
    verb: 'Pause',
    send: ({ standby, for: ms, ...fields }) =>
      write(...at(now.name, 'pause'), {
        ...kept(fields),
        ...(ms ? { for: Number(ms) } : {}),
        standby: standby === 'on',
        ifTerm: now.term,
      }),
    done: () => 'Paused. The master obeys within its next beat.',
  }));
}

export function askResume(page, details) {
  ask(page, details.row, (now) => ({
    title: `Resume ${quoted(now.name)}`,
    lines: [
      now.pause === null
        ? 'It is not paused.'
        : `The pause by ${shown(now.pause.by, 60)} since ${clockTime(now.pause.at)} ends, and tasks begin again${now.pause.standby ? ' once a member is master' : ''}.`,
      ...(now.pause?.reason ? [`It was paused because: ${shown(now.pause.reason)}`] : []),
    ],
    verb: now.pause && 'Resume',
    send: () => write(...at(now.name, 'resume'), { ifTerm: now.term, ifAt: now.pause.at }),
    done: () => 'Resumed.',
  }));
}

export function askDrain(page, details, member) {
  const scopes = [
    ['member', `process ${member.pid}`],
    ['host', `every process on ${shown(member.host, 60)}, also later ones`],
  ];
  ask(page, details.row, () => ({
    title: `Drain ${quoted(member.host)}`,
    lines: [
      'Members there claim nothing more, in all their subsystems, and hand over what they have, one after another. Running tasks come to their end.',
      `If no other member can take over, a subsystem has no master until the drain ends.`,
    ],
    fields: [{ name: 'scope', label: 'What', options: scopes }, reason],
    verb: 'Drain',
    isDanger: true,
    send: ({ scope, ...fields }) =>
      write('drain', {}, { [scope]: scope === 'host' ? member.host : member.id, ...kept(fields) }),
    done: () => 'Drained. Members there obey within their next look at the store.',
  }));
}

export function askUndrain(page, drain) {
  ask(page, null, () => ({
    title: `End the drain of ${quoted(drain.key)}`,
    lines: [
      `${shown(drain.by, 60)} has drained it since ${clockTime(drain.at)}. Its members may be masters again; none is made master by this alone.`,
    ],
    verb: 'End the drain',
    send: () => write('undrain', {}, { key: drain.key }),
    done: () => 'The drain has ended.',
  }));
}

const results = {
  queued: 'back in the queue',
  discarded: 'discarded',
  known: 'left, as a task with this id is queued',
  full: 'left, as the queue is full',
  none: 'not there any more',
};

/** Sends ids a hundred at a time, or asks for all again while some are left; returns how many came to what. */
async function letters(now, action, chosen) {
  const counts = new Map();
  try {
    for (let from = 0; ; from += LETTERS_MAX) {
      // By their numbers, as an id may have died more than once.
      const named = chosen?.slice(from, from + LETTERS_MAX).map(({ number, id }) => ({ number, id }));
      const what = named === undefined ? { all: true } : { letters: named };
      const answer = await write(...at(now.name, action), { ...what, ifTerm: now.term });
      for (const { result } of answer.results) counts.set(result, (counts.get(result) ?? 0) + 1);
      const hasMoved = answer.results.some(({ result }) => result === 'queued');
      if (chosen === null ? !answer.left || !hasMoved : from + LETTERS_MAX >= chosen.length) return counts;
    }
  } catch (error) {
    throw counts.size === 0 ? error : Object.assign(error, { partly: inWords(counts) });
  }
}

const inWords = (counts) =>
  [...counts].map(([result, number]) => `${number} ${results[result] ?? shown(result)}`).join('; ') ||
  'There was none.';

/** `chosen`: null for all of them. */
export function askRequeue(page, details, chosen, then) {
  const what = chosen === null ? 'all dead letters' : plural(chosen.length, 'dead letter');
  ask(page, details.row, (now) => ({
    title: `Requeue ${what}`,
    lines: [
      `They go to the end of the queue of ${quoted(now.name)}, with all their attempts again. A letter whose id is queued already stays.`,
      ...named(chosen),
      `If the term is not ${now.term} any more, nothing happens.`,
    ],
    verb: 'Requeue',
    send: () => letters(now, 'requeue', chosen),
    done: (counts) => inWords(counts),
    then,
  }));
}

/** The head of a blocked queue is no letter, but is put back in the same way. */
export async function askUnblock(page, details) {
  const [head] = await read('subsystems/-/tasks', { name: details.row.name, after: 0 }).then(
    ({ entries }) => entries,
    () => [],
  );
  ask(page, details.row, (now) => ({
    title: `Try the head of ${quoted(now.name)} again`,
    lines: head
      ? [
          `The task ${shown(head.id, 60)} has failed ${plural(head.attempts, 'time')}, and all others wait behind it.`,
          'It gets all its attempts again, and is tried at once.',
        ]
      : ['No task waits any more, or the queue could not be read.'],
    verb: head && 'Try again',
    send: () => write(...at(now.name, 'requeue'), { head: head.id, ifTerm: now.term }),
    done: ({ results: [{ result }] }) =>
      result === 'queued' ? 'It is tried again.' : 'It was not at the head any more, so nothing was done.',
  }));
}

const cancelled = {
  removed: 'It is cancelled, and does not begin any more.',
  requested: 'No master has decided yet. The request stays good for an hour.',
  done: 'It was done, or became a dead letter, before.',
  unknown: 'It was not queued any more, so nothing was done.',
};

export function askCancel(page, details, { number, id }, then) {
  ask(page, details.row, (now) => ({
    title: `Cancel the task ${shown(id, 60)}`,
    lines: [
      `The master takes it out of the queue of ${quoted(now.name)}, and it does not begin any more. This cannot be undone.`,
      'If it runs already, it comes to its end, unless its work is to be ended, too.',
      `If the term is not ${now.term} any more, nothing happens.`,
    ],
    fields: [{ name: 'running', label: 'End its work, if it runs', isBox: true }],
    verb: 'Take it out',
    isDanger: true,
    send: ({ running }) =>
      write(...at(now.name, 'cancel'), {
        number,
        id,
        ...(running === 'on' ? { running: true } : {}),
        ifTerm: now.term,
      }),
    done: ({ result }) => cancelled[result] ?? shown(result),
    then,
  }));
}

export function askDiscard(page, details, chosen, then) {
  ask(page, details.row, (now) => ({
    title: `Discard ${plural(chosen.length, 'dead letter')}`,
    lines: [`They leave ${quoted(now.name)} for good, with their payloads. This cannot be undone.`, ...named(chosen)],
    verb: 'Discard',
    isDanger: true,
    send: () => letters(now, 'discard', chosen),
    done: (counts) => inWords(counts),
    then,
  }));
}

function named(chosen) {
  if (chosen === null) return [];
  const more = chosen.length > 5 ? ` and ${plural(chosen.length - 5, 'other')}` : '';
  return [
    `Ids: ${chosen
      .slice(0, 5)
      .map(({ id }) => shown(id, 40))
      .join(', ')}${more}.`,
  ];
}
