/** Dead letters and waiting tasks, page by page. What was chosen stays chosen while the lists are read again. */
import { askCancel, askDiscard, askRequeue } from './actions.js';
import { h } from './dom.js';
import { ago, bdi, button, table } from './parts.js';
import { read } from './wire.js';
import { count, duration, plural, shown, shownLines } from './words.js';

const MESSAGE_MAX = 160;

const readings = {
  /** Reads as many pages as were read before. */
  async all(ask, { pages }) {
    let [entries, after] = [[], 0];
    for (let number = 0; number < pages && after !== null; number++) {
      const part = await ask(after);
      entries = entries.concat(part.entries);
      after = part.next;
    }
    return { entries, next: after };
  },
  /** Reads one page more. */
  async more(ask, { entries, next, pages }) {
    const part = await ask(next ?? entries.at(-1)?.number ?? 0);
    return { entries: entries.concat(part.entries), next: part.next, pages: pages + 1 };
  },
  /** Reads the first page alone, because something has changed somewhere: the others stay until they are read again. */
  async first(ask, { entries, next }) {
    const part = await ask(0);
    if (part.next === null) return { ...part, pages: 1 };
    const rest = entries.filter(({ number }) => number > part.next);
    return { entries: part.entries.concat(rest), next: next ?? rest.at(-1)?.number ?? part.next };
  },
};

/** Reads a list: `all` that was read before, one page `more`, or the `first` page. */
export async function readList(page, kind, way = 'all') {
  const { name } = page;
  page.lists[kind] ??= { entries: [], next: null, pages: 1, chosen: new Set(), state: 'reading' };
  const list = page.lists[kind];
  if (list.isReading) {
    // All, as there is no saying what was asked for before.
    list.isDue = true;
    return;
  }
  list.isReading = true;
  try {
    const is = await readings[way]((after) => read(`subsystems/-/${kind}`, { name, after }), list);
    const there = new Set(is.entries.map(({ number }) => number));
    const chosen = new Set([...list.chosen].filter((number) => there.has(number)));
    Object.assign(list, is, { chosen, state: 'read', error: null });
  } catch (error) {
    Object.assign(list, { state: 'failed', error });
  }
  list.isReading = false;
  page.render();
  if (list.isDue && page.lists[kind] === list) {
    list.isDue = false;
    readList(page, kind);
  }
}

function chooser(page, list, entries, label) {
  const number = entries.filter((entry) => list.chosen.has(entry.number)).length;
  const change = (event) => {
    for (const entry of entries) list.chosen[event.target.checked ? 'add' : 'delete'](entry.number);
    page.render();
  };
  const all = number > 0 && number === entries.length;
  return h('input', {
    type: 'checkbox',
    'aria-label': label,
    checked: all,
    indeterminate: number > 0 && !all,
    on: { change },
  });
}

function payloadOf({ payload, cut }) {
  if (payload === undefined) return null;
  return [h('h3', cut ? 'Payload, its beginning' : 'Payload'), h('pre', shownLines(payload))];
}

/** Opens a row: what it holds is made only then. */
function more(page, list, key, summary, inner) {
  list.open ??= new Set();
  const toggle = (event) => {
    list.open[event.target.open ? 'add' : 'delete'](key);
    page.render();
  };
  return h('details', { on: { toggle } }, h('summary', summary), list.open.has(key) && inner());
}

function letterRow(page, list, entry, isWritable) {
  const { number, id, at, attempts, error } = entry;
  const head = `${error.name}${error.code === null ? '' : ` ${error.code}`}`;
  const needsMore = error.message.length > MESSAGE_MAX || /\n/.test(error.message) || entry.payload !== undefined;
  const first = [h('b', bdi(head, 80)), ' ', bdi(error.message.split('\n')[0], MESSAGE_MAX)];
  return h(
    'tr',
    { key: number },
    isWritable && h('td.choose', chooser(page, list, [entry], `Choose the letter of ${shown(id, 60)}`)),
    h('td.id', h('code', bdi(id, 60))),
    h(
      'td.error',
      needsMore
        ? more(page, list, number, first, () => [h('pre', shownLines(error.message)), payloadOf(entry)])
        : first,
    ),
    h('td.n', count(attempts)),
    h('td', ago(page, at)),
  );
}

function listFoot(page, kind, list) {
  return [
    list.state === 'failed' &&
      h(
        'p.alert',
        shown(list.error.message, 400),
        button('Read again', () => readList(page, kind)),
      ),
    list.next !== null && button(`More (${list.entries.length} are shown)`, () => readList(page, kind, 'more')),
  ];
}

export function lettersOf(page, details) {
  const { row } = details;
  const list = page.lists.letters;
  if (row.dead === 0 && !list?.entries.length) return h('p.hint', 'No dead letters.');
  if (!list || list.state === 'reading') return h('p.hint', 'Reading…');
  const { actions } = page.overview;
  const [mayRequeue, mayDiscard] = ['requeue', 'discard'].map((action) => actions.includes(action));
  const isWritable = mayRequeue || mayDiscard;
  const chosen = list.entries.filter(({ number }) => list.chosen.has(number));
  const then = () => readList(page, 'letters');
  const ways = isWritable && [
    mayRequeue &&
      button(`Requeue ${chosen.length || 'chosen'}…`, () => askRequeue(page, details, chosen, then), {
        disabled: chosen.length === 0,
      }),
    mayDiscard &&
      button(`Discard ${chosen.length || 'chosen'}…`, () => askDiscard(page, details, chosen, then), {
        disabled: chosen.length === 0,
        class: 'danger',
      }),
    mayRequeue && button('Requeue all…', () => askRequeue(page, details, null, then)),
  ];
  return [
    ways && h('div.actions', ways),
    table(
      [
        isWritable && chooser(page, list, list.entries, 'Choose all that are shown'),
        'Id',
        'Error',
        '#Tries',
        'Given up',
      ].filter(Boolean),
      list.entries.map((entry) => letterRow(page, list, entry, isWritable)),
    ),
    listFoot(page, 'letters', list),
  ];
}

export function tasksOf(page, details) {
  const list = page.lists.tasks;
  const mayCancel = page.overview.actions.includes('cancel');
  const then = () => readList(page, 'tasks');
  const toggle = (event) => {
    if (event.target.open && !page.lists.tasks) readList(page, 'tasks');
  };
  const rows = () => [
    list.entries.length === 0 && h('p.hint', 'No task waits.'),
    h(
      'ol.tasks',
      list.entries.map((entry) =>
        h(
          'li',
          { key: entry.number },
          h('code', bdi(entry.id, 80)),
          h(
            'small',
            `submitted ${duration(page.now() - Date.parse(entry.at))} ago`,
            entry.attempts > 0 && `, tried ${plural(entry.attempts, 'time')}`,
          ),
          mayCancel &&
            button('Cancel it…', () => askCancel(page, details, entry, then), {
              'aria-label': `Cancel it… ${shown(entry.id, 60)}`,
            }),
          entry.payload !== undefined && more(page, list, entry.number, 'Payload', () => payloadOf(entry)),
        ),
      ),
    ),
    button('Read again', () => readList(page, 'tasks')),
    listFoot(page, 'tasks', list),
  ];
  return h(
    'details',
    { on: { toggle } },
    h('summary', 'The tasks that wait, in order'),
    list && (list.state === 'reading' ? h('p.hint', 'Reading…') : rows()),
  );
}
