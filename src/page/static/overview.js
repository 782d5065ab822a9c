/** All subsystems: a table that is sorted and filtered, of which only the rows in sight are in the document. */
import { askUndrain } from './actions.js';
import { h } from './dom.js';
import { gate } from './gate.js';
import { count, duration, masterName, plural, shown, stateOf } from './words.js';

const ALL_MAX = 120;
const BEYOND = 12;
const ranks = { bad: 0, warn: 1, ok: 2 };
const kinds = { unmanaged: 'elects only', memory: 'queue in memory', durable: 'stored queue' };

export const waits = (row, now) => (row.headAge === null ? null : row.headAge + now - row.seen);
export const silent = (row, now) => (row.age === null ? null : row.age + now - row.seen);

/** By what can be sorted: `least` says which way is first. */
const columns = [
  { id: 'name', label: 'Subsystem', of: (row) => row.name },
  { id: 'state', label: 'State', of: (row) => `${ranks[stateOf(row)[0]]}${stateOf(row)[1]}` },
  { id: 'master', label: 'Master', of: (row) => (row.master === null ? '' : masterName(row.master)) },
  { id: 'term', label: 'Term', isNumber: true, of: (row) => row.term },
  { id: 'queue', label: 'Queue', isNumber: true, of: (row) => row.queued ?? -1 },
  { id: 'waits', label: 'Waits', isNumber: true, of: (row) => waits(row, 0) ?? Number.NEGATIVE_INFINITY },
  { id: 'dead', label: 'Dead', isNumber: true, of: (row) => row.dead },
  { id: 'members', label: 'Members', isNumber: true, of: (row) => row.members },
];

const groups = [
  ['', 'All', () => true],
  ['attention', 'Need attention', (row) => stateOf(row)[0] !== 'ok'],
  ['masterless', 'No master', (row) => row.state !== 'held'],
  ['paused', 'Paused', (row) => row.pause !== null],
  ['blocked', 'Blocked', (row) => row.blocked !== null && row.pause === null],
  ['dead', 'Dead letters', (row) => row.dead > 0],
];

const compare = (a, b) => (typeof a === 'number' ? a - b : a < b ? -1 : a > b ? 1 : 0);

/** Returns the rows that are asked for, in their order. Without an order, what needs attention comes first. */
export function sortedRows(rows, query) {
  const words = (query.get('q') ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  const [, , isIn] = groups.find(([id]) => id === (query.get('only') ?? '')) ?? groups[0];
  const asked = query.get('sort') ?? 'state';
  const column = columns.find(({ id }) => id === asked.replace(/^-/, '')) ?? columns[1];
  const sign = asked.startsWith('-') ? -1 : 1;
  const text = ({ name, kind, master, ...row }) =>
    `${name} ${kind} ${stateOf(row)[1]} ${master?.id ?? ''} ${master?.host ?? ''}`.toLowerCase();
  return rows
    .filter((row) => isIn(row) && (words.length === 0 || words.every((word) => text(row).includes(word))))
    .map((row) => ({ row, by: column.of(row) }))
    .sort((a, b) => sign * compare(a.by, b.by) || compare(a.row.name, b.row.name))
    .map(({ row }) => row);
}

let kept = { version: -1, query: '', rows: [], counts: [] };
/** Sorts and counts only what is new: a list is drawn at each step of a scroll. */
function seenRows(page) {
  const [version, query] = [page.version, `${page.query}`];
  if (kept.version === version && kept.query === query) return kept;
  const all = [...page.rows.values()];
  const counts = kept.version === version ? kept.counts : groups.map(([, , isIn]) => all.filter(isIn).length);
  kept = { version, query, counts, rows: sortedRows(all, page.query) };
  return kept;
}

const set = (page, change) => page.go({ ...Object.fromEntries(page.query), ...change }, false);

function heading(page, { id, label, isNumber }) {
  const asked = page.query.get('sort') ?? 'state';
  const isThis = asked.replace(/^-/, '') === id;
  const isDown = asked.startsWith('-');
  // Of numbers the large ones are asked for.
  const next = isThis ? (isDown ? id : `-${id}`) : isNumber ? `-${id}` : id;
  const order = isThis ? (isDown ? 'descending' : 'ascending') : 'none';
  return h(
    'th',
    { role: 'columnheader', scope: 'col', class: isNumber ? 'n' : '', 'aria-sort': order },
    h(
      'button',
      { type: 'button', on: { click: () => set(page, { sort: next }) } },
      label,
      h('i', { class: `sort ${order}` }),
    ),
  );
}

function why(row) {
  if (row.problem !== null) return row.problem;
  if (row.pause !== null) return `by ${row.pause.by}${row.pause.reason === null ? '' : `: ${row.pause.reason}`}`;
  if (row.handOver?.state === 'asked' || row.handOver?.state === 'accepted')
    return `hand-over asked by ${row.handOver.by}`;
  return row.blocked;
}

function rowOf(page, row, index, isStop) {
  const [level, word] = stateOf(row);
  const now = page.now();
  const reason = why(row);
  const cell = (name, ...children) => h('td', { role: 'cell', class: name }, ...children);
  const isOverdue = row.state === 'overdue';
  const age = waits(row, now);
  return h(
    'tr',
    { key: row.name, role: 'row', class: `row ${level}`, 'aria-rowindex': index + 2 },
    cell(
      'name',
      h('i', { class: `dot ${level} ${row.pause === null ? row.state : 'paused'}` }),
      h(
        'a',
        {
          href: `#${new URLSearchParams({ name: row.name })}`,
          tabindex: isStop ? 0 : -1,
          title: shown(row.name, 1000),
        },
        h('bdi', shown(row.name)),
      ),
      row.kind !== null && h('small', kinds[row.kind] ?? shown(row.kind)),
    ),
    cell(
      'state',
      h('b', word),
      isOverdue && h('b', ` ${duration(silent(row, now))}`),
      reason && h('small', { title: shown(reason, 1000) }, h('bdi', shown(reason))),
    ),
    cell(
      'master',
      row.master === null
        ? h('span.nil', '–')
        : h('bdi', { title: shown(row.master.id, 1000) }, masterName(row.master)),
    ),
    cell('n term', count(row.term)),
    cell(`n queue ${row.queued ? '' : 'nil'}`, row.queued === null ? '–' : count(row.queued)),
    cell(`n waits ${age === null ? 'nil' : ''}`, age === null ? '–' : duration(age)),
    cell(
      `n dead ${row.dead > 0 ? 'warn' : 'nil'}`,
      `${count(row.dead)}${row.dead >= page.overview.deadMax ? '+' : ''}`,
    ),
    cell('n members', count(row.members)),
  );
}

/** Returns which rows are in sight, by the height that a row has. */
function inSight(total) {
  const body = document.getElementById('rows');
  const height = body?.querySelector('.row')?.offsetHeight || 36;
  if (total <= ALL_MAX) return { from: 0, to: total, height };
  const top = body === null ? 0 : -body.getBoundingClientRect().top;
  const from = Math.max(0, Math.min(total, Math.floor(top / height)) - BEYOND);
  return { from, to: Math.min(total, Math.ceil((Math.max(0, top) + innerHeight) / height) + BEYOND), height };
}

let [cursor, rowsNow] = [null, []];
const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 15, PageUp: -15, Home: -1e9, End: 1e9 };

/** One row is a stop of the tab key; from there the arrows lead on. */
function move(page, event) {
  const step = steps[event.key];
  if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  const at = rowsNow.findIndex(({ name }) => name === cursor);
  const next = Math.max(0, Math.min(rowsNow.length - 1, at + step));
  cursor = rowsNow[next]?.name ?? null;
  const body = document.getElementById('rows');
  const { height } = inSight(rowsNow.length);
  const top = body.getBoundingClientRect().top + next * height;
  if (top < 120) scrollBy(0, top - 120);
  if (top + 2 * height > innerHeight) scrollBy(0, top + 2 * height - innerHeight);
  page.render();
  requestAnimationFrame(() =>
    requestAnimationFrame(() => body.querySelector('a[tabindex="0"]')?.focus({ preventScroll: true })),
  );
}

function table(page, rows) {
  const { from, to, height } = inSight(rows.length);
  if (!rows.some(({ name }) => name === cursor)) cursor = rows[0]?.name ?? null;
  const space = (key, number) =>
    number > 0 &&
    h('tr', { key: ` ${key}`, 'aria-hidden': 'true', class: 'space', css: { height: `${number * height}px` } });
  const shownRows = rows.slice(from, to);
  // The stop stays in reach when it is out of sight.
  const stop = shownRows.some(({ name }) => name === cursor) ? cursor : shownRows[0]?.name;
  return h(
    'table',
    { role: 'table', class: 'list', 'aria-label': 'Subsystems', 'aria-rowcount': rows.length + 1 },
    h(
      'thead',
      { role: 'rowgroup' },
      h(
        'tr',
        { role: 'row', 'aria-rowindex': 1 },
        columns.map((column) => heading(page, column)),
      ),
    ),
    h(
      'tbody',
      {
        role: 'rowgroup',
        id: 'rows',
        on: { keydown: (event) => move(page, event), focusin: (event) => focused(page, event) },
      },
      space('above', from),
      shownRows.map((row, index) => rowOf(page, row, from + index, row.name === stop)),
      space('below', rows.length - to),
    ),
  );
}

function focused(page, event) {
  const name = new URLSearchParams(event.target.hash?.slice(1)).get('name');
  if (name === null || name === cursor) return;
  cursor = name;
  page.render();
}

function clear(page, field) {
  set(page, { q: '' });
  field.blur();
}

function tools(page, counts) {
  const only = page.query.get('only') ?? '';
  const sort = page.query.get('sort') ?? 'state';
  const ways = columns.flatMap(({ id, label, isNumber }) => [[isNumber ? `-${id}` : id, label]]);
  return h(
    'div.tools',
    { role: 'search' },
    h('input', {
      ...{
        id: 'filter',
        type: 'search',
        placeholder: 'Filter by name, host, state…  /',
        autocomplete: 'off',
        spellcheck: 'false',
      },
      'aria-label': 'Filter subsystems',
      value: page.query.get('q') ?? '',
      on: {
        input: (event) => set(page, { q: event.target.value }),
        keydown: (event) => event.key === 'Escape' && clear(page, event.target),
      },
    }),
    h(
      'div.groups',
      { role: 'group', 'aria-label': 'Show' },
      groups.map(([id, label], index) => {
        const number = counts[index];
        const isThis = id === only;
        if (number === 0 && id !== '' && !isThis) return null;
        const click = () => set(page, { only: id });
        return h(
          'button',
          { key: id, type: 'button', 'aria-pressed': String(isThis), on: { click } },
          label,
          ' ',
          h('span', count(number)),
        );
      }),
    ),
    h(
      'select.sorts',
      { 'aria-label': 'Sort by', value: sort, on: { change: (event) => set(page, { sort: event.target.value }) } },
      (ways.some(([id]) => id === sort) ? ways : [...ways, [sort, 'as chosen']]).map(([id, label]) =>
        h('option', { key: id, value: id }, `Sort: ${label}`),
      ),
    ),
  );
}

const program = `import { failover } from 'mongo-failover';
const { managed: Managed } = failover({ mongodb: { connectString: 'mongodb://…' } });
await new Managed('billing', 'id', new URL('./work.mjs', import.meta.url)).run();`;

function empty(page) {
  return h(
    'section.empty',
    h('h1', 'No subsystem yet'),
    h(
      'p',
      'Nothing has ever run with ',
      h('code', shown(page.overview.store)),
      '. Start two of these, and this page shows which one is master:',
    ),
    h('pre', h('code', program)),
    h(
      'p',
      'A subsystem appears by itself as soon as its first member runs. If yours should be here, see whether it has the same store, database and prefix.',
    ),
  );
}

function drains(page) {
  const { overview } = page;
  const mayEnd = overview.actions.includes('drain');
  return overview.drains.map((drain) =>
    h(
      'p',
      { key: drain.key, class: 'drained' },
      h('b', 'Drained: '),
      h('bdi', shown(drain.key)),
      ' by ',
      h('bdi', shown(drain.by, 60)),
      drain.reason !== null && [': ', h('bdi', shown(drain.reason))],
      mayEnd && h('button', { type: 'button', on: { click: () => askUndrain(page, drain) } }, 'End the drain…'),
    ),
  );
}

export function overviewOf(page) {
  const closed = gate(page);
  if (closed) return closed;
  if (page.rows.size === 0) return page.problem === null ? empty(page) : null;
  const { rows, counts } = seenRows(page);
  rowsNow = rows;
  const isStale = page.link !== 'live' || page.problem !== null;
  return [
    h('h1.unseen', 'Subsystems'),
    tools(page, counts),
    drains(page),
    page.overview.truncated &&
      h('p.hint', `Only the first ${plural(page.rows.size, 'subsystem')} of this store are shown.`),
    h(
      'div',
      { class: isStale ? 'stale' : '' },
      rowsNow.length === 0
        ? h('p.hint', 'No subsystem matches. Esc in the field clears the filter.')
        : table(page, rowsNow),
    ),
  ];
}
