/** One subsystem: who is master, who was, the members, the queue and the dead letters. */
import { askDrain, askHandOver, askPause, askResume, askUnblock } from './actions.js';
import { h } from './dom.js';
import { gate } from './gate.js';
import { lettersOf, readList, tasksOf } from './lists.js';
import { silent, waits } from './overview.js';
import { bdi, button, nil, table, time } from './parts.js';
import { schedulesOf } from './schedules.js';
import { timelineOf } from './timeline.js';
import { clockTime, count, duration, masterName, shown, stateOf } from './words.js';

/** Reads the lists again that are shown, when their numbers have changed. */
export function refreshLists(page, before) {
  const { row } = page.details;
  if (row.dead > 0 && (!page.lists.letters || before?.dead !== row.dead)) readList(page, 'letters', 'first');
  if (row.dead === 0 && page.lists.letters?.entries.length) readList(page, 'letters');
}

/** Says the state as a sentence, and what to do about it. */
function sentence(row, now) {
  const ttl = row.ttl === null ? '' : duration(row.ttl);
  if (row.state === 'held') return `Its beats arrive: the lease lasts ${ttl} without one.`;
  if (row.state === 'overdue') {
    return `No beat has come for ${duration(silent(row, now))}, and the lease lasts ${ttl}. A standby claims it as soon as it has waited long enough; if none does, see whether one runs.`;
  }
  if (row.state === 'released' && row.pause?.standby) return 'No member is to be master during the pause.';
  if (row.state === 'released')
    return 'The lease is free. The next member that looks claims it; if none does, see whether one runs and may be master.';
  if (row.state === 'none')
    return 'No member has ever been master. The first election waits for as long as a lease may last.';
  return 'The lease cannot be read by this version: another program has written it.';
}

function handOverLine({ handOver }) {
  if (handOver === null) return null;
  const { state, by, to, why, reason, at, term } = handOver;
  const words = {
    asked: 'was asked',
    accepted: 'was accepted, and is under way',
    refused: 'was refused',
    done: 'is done',
  };
  return h(
    'p',
    { class: state === 'refused' ? 'warn' : '' },
    `Hand-over of term ${term} `,
    h('b', words[state] ?? shown(state)),
    to !== null && [', to ', bdi(to, 80)],
    ', asked by ',
    bdi(by, 60),
    ' at ',
    time(at, clockTime(at)),
    reason !== null && [': ', bdi(reason)],
    why !== null && ['. Why: ', bdi(why, 400)],
  );
}

function pauseLine({ pause }) {
  if (pause === null) return null;
  return h(
    'p.warn',
    h('b', 'Paused'),
    ' by ',
    bdi(pause.by, 60),
    ' since ',
    time(pause.at, clockTime(pause.at)),
    pause.until !== null && [' until ', time(pause.until, clockTime(pause.until))],
    pause.reason !== null && [': ', bdi(pause.reason)],
    pause.standby && '. No member is to be master.',
  );
}

function blockedLine(page, details) {
  const mayRetry = page.overview.actions.includes('requeue') && details.queue?.queued > 0;
  return h(
    'p.warn',
    h('b', 'No task begins: '),
    'it ',
    bdi(details.row.blocked, 400),
    ' ',
    mayRetry && button('Try it again…', () => askUnblock(page, details)),
  );
}

function facts(details, now) {
  const { row, queue, lateness, terms } = details;
  const since = terms.find(({ term }) => term === row.term)?.at;
  const age = waits(row, now);
  const running = queue?.running;
  const all = [
    ['Master', row.master === null ? nil() : [bdi(masterName(row.master)), h('small', bdi(row.master.id, 100))]],
    ['Term', [count(row.term), since && h('small', 'for ', time(since, duration(now - Date.parse(since))))]],
    lateness && [
      'Lateness of beats',
      [
        `${lateness.p50.toFixed(2)} ms`,
        h('small', `p99 ${lateness.p99.toFixed(1)} ms, max ${lateness.max.toFixed(1)} ms`),
      ],
    ],
    row.kind === 'memory' && ['Queue', [nil(), h('small', 'in the memory of each member')]],
    queue && ['Queue', [count(queue.queued), h('small', `${count(queue.done)} done`)]],
    queue && ['Oldest waits', age === null ? nil() : duration(age)],
    queue && [
      queue.blocked === null ? 'Running' : 'At the head',
      running
        ? [
            h('code', bdi(running.id, 80)),
            h(
              'small',
              `attempt ${running.attempt}`,
              running.since && [', for ', time(running.since, duration(now - Date.parse(running.since)))],
            ),
          ]
        : nil(),
    ],
    ['Dead letters', count(row.dead)],
  ];
  return h(
    'dl.facts',
    all.filter(Boolean).map(([name, value]) => h('div', { key: name }, h('dt', name), h('dd', value))),
  );
}

function memberRow(page, details, member, isWritable) {
  const { row } = details;
  const { actions } = page.overview;
  const isMaster = member.id === row.master?.id;
  const drain = member.drained === true ? h('b.warn', 'drained') : member.drained === null ? nil() : 'no';
  const mayHandOver =
    actions.includes('hand-over') &&
    row.master !== null &&
    !isMaster &&
    member.priority !== 0 &&
    member.drained !== true;
  return h(
    'tr',
    { key: member.id, class: isMaster ? 'is-master' : '' },
    h('th', { scope: 'row' }, h('i', { class: `dot ${isMaster ? 'ok' : 'idle'}` }), bdi(member.host, 80)),
    h('td.n', `${member.pid}`),
    h('td', bdi(member.state, 40)),
    h('td.n', member.priority === null ? nil() : `${member.priority}`),
    h('td', drain),
    h('td', member.version === null ? nil() : bdi(member.version, 40)),
    h('td', time(member.at, clockTime(member.at).slice(11, 19))),
    h('td.id', h('small', bdi(member.id, 60))),
    isWritable &&
      h(
        'td.actions',
        mayHandOver && button('Hand over to it…', () => askHandOver(page, details, member.id)),
        actions.includes('drain') && member.drained !== true && button('Drain…', () => askDrain(page, details, member)),
      ),
  );
}

const headings = ['Host', '#Process', 'State', '#Priority', 'Drained', 'Version', 'Wrote at', 'Id'];

function members(page, details) {
  if (details.memberList.length === 0)
    return h('p.hint', 'No member has a line in the store. Start one, and it joins.');
  const isWritable = ['hand-over', 'drain'].some((action) => page.overview.actions.includes(action));
  return table(
    isWritable ? [...headings, 'Ask'] : headings,
    details.memberList.map((member) => memberRow(page, details, member, isWritable)),
  );
}

function head(page, details) {
  const { row } = details;
  const [level, word] = stateOf(row);
  const { actions } = page.overview;
  const may = (action) => actions.includes(action);
  return h(
    'section',
    { class: `card ${level}` },
    h(
      'div.title',
      h('i', { class: `dot ${level} ${row.pause === null ? row.state : 'paused'}` }),
      h('h1', bdi(row.name, 200)),
      h('span', { class: `word ${level}` }, word),
      h(
        'span.actions',
        may('hand-over') && row.master !== null && button('Hand over…', () => askHandOver(page, details)),
        may('pause') &&
          (row.pause === null
            ? button('Pause…', () => askPause(page, details))
            : button('Resume…', () => askResume(page, details))),
      ),
    ),
    h('p', sentence(row, page.now())),
    row.problem !== null && h('p.bad', bdi(row.problem, 600)),
    pauseLine(row),
    row.blocked !== null && row.pause === null && blockedLine(page, details),
    handOverLine(row),
    facts(details, page.now()),
  );
}

export function subsystemOf(page) {
  const closed = gate(page);
  const back = h('nav', { 'aria-label': 'Up' }, h('a.back', { href: page.back }, '← All subsystems'));
  if (closed) return closed;
  const { details, name } = page;
  if (details === undefined) return [back, h('p.hint', { 'aria-busy': 'true' }, 'Reading…')];
  if (details === null) {
    return [
      back,
      h('h1', bdi(name, 100)),
      h(
        'p.hint',
        'The store knows nothing of it. A subsystem appears when its first member runs; see whether the name is right.',
      ),
    ];
  }
  const settings = Object.entries(details.settings);
  const isStale = page.link !== 'live' || page.problem !== null;
  return [
    back,
    h(
      'div',
      { class: isStale ? 'stale' : '' },
      head(page, details),
      h('section.card', timelineOf(page, details)),
      h('section.card', h('h2', `Members (${details.memberList.length})`), members(page, details)),
      schedulesOf(page, details),
      details.queue !== null && [
        h(
          'section.card',
          { key: 'letters' },
          h('h2', `Dead letters (${count(details.row.dead)})`),
          lettersOf(page, details),
        ),
        h('section.card', { key: 'tasks' }, h('h2', `Queue (${count(details.queue.queued)})`), tasksOf(page, details)),
      ],
      settings.length > 0 &&
        h(
          'section.card',
          { key: 'settings' },
          h(
            'details',
            h('summary', 'How the master is configured'),
            h(
              'dl.facts',
              settings.map(([key, value]) => h('div', { key }, h('dt', shown(key)), h('dd', bdi(value)))),
            ),
          ),
        ),
    ),
  ];
}
