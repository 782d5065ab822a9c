/** The page: what it knows, what the address says, and when it is drawn. The views are in the files beside this one. */

import { dialogOf } from './ask.js';
import { draw, h } from './dom.js';
import { overviewOf } from './overview.js';
import { refreshLists, subsystemOf } from './subsystem.js';
import { topOf } from './top.js';
import { follow, token } from './wire.js';
import { plural, shown, stateOf } from './words.js';

const TICK_MS = 1000;
const QUIET_MS = 5000;
const element = (id) => document.getElementById(id);

/** All that the views read. `link`: `connecting`, `live`, `lost`, `stopped`, `hidden` or `locked`. */
export const page = {
  overview: null,
  rows: new Map(),
  /** Counts the changes of the rows. */
  version: 0,
  name: null,
  details: undefined,
  query: new URLSearchParams(),
  link: 'connecting',
  loss: null,
  retryAt: 0,
  problem: null,
  notice: null,
  ask: null,
  lists: {},
  render,
  go,
  say,
  toggleLive,
  unlock,
  retry: restart,
  forget,
};

/** The time of the server at the last event, and by the clock of this tab when that came, and when anything came last. */
let heard = { at: 0, here: 0, alive: 0 };
/** Since when the store cannot be read, by the clock of this tab. */
let stuckSince = 0;

/** Returns the time of the server. It does not go on while nothing new is known, and nor does what is shown. */
page.now = () => {
  if (page.problem !== null) return heard.at;
  return heard.at + (page.link === 'live' ? performance.now() : heard.alive) - heard.here;
};
page.stuckFor = () => performance.now() - stuckSince;
/** For how long nothing has been heard, in ms. */
page.silence = () => performance.now() - heard.alive;
page.retryIn = () => Math.max(0, page.retryAt - performance.now());

let isDue = false;
function render() {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(() => {
    isDue = false;
    const bad = [...page.rows.values()].filter((row) => stateOf(row)[0] === 'bad').length;
    const title = [page.name === null ? null : shown(page.name, 60), page.overview?.title, 'mongo-failover'];
    document.title = `${bad > 0 ? `(${bad}!) ` : ''}${title.filter(Boolean).join(' · ')}`;
    draw(element('top'), [topOf(page)]);
    draw(element('main'), [h('div', { key: page.name ?? '', class: 'view' }, viewOf())]);
    drawDialog();
  });
}

function viewOf() {
  return page.name === null ? overviewOf(page) : subsystemOf(page);
}

function drawDialog() {
  const dialog = element('ask');
  draw(dialog, page.ask === null ? [] : [dialogOf(page)]);
  if (page.ask !== null && !dialog.open) dialog.showModal();
  if (page.ask === null && dialog.open) dialog.close();
}

/** Goes to an address of the page, such as `{ name: 'billing' }`; what is empty is left out. */
function go(parameters, isNew = true) {
  const kept = Object.entries(parameters).filter(([, value]) => value !== '' && value != null);
  const hash = `#${new URLSearchParams(kept)}`;
  if (isNew) location.hash = hash;
  else {
    history.replaceState(null, '', hash);
    readAddress();
  }
}

let lastQuery = '';
function readAddress() {
  const query = new URLSearchParams(location.hash.slice(1));
  const given = query.get('token');
  if (given !== null) {
    token.set(given);
    query.delete('token');
    history.replaceState(null, '', `#${query}`);
  }
  page.query = query;
  const name = query.get('name');
  if (name === null) lastQuery = `${query}`;
  page.back = `#${lastQuery}`;
  if (name !== page.name || stop === null) {
    Object.assign(page, { name, details: undefined, lists: {}, notice: null });
    scrollTo(0, 0);
    restart();
  }
  render();
}

let stop = null;
function restart() {
  stop?.();
  if (page.link === 'stopped' || document.hidden) {
    stop = () => {};
    return;
  }
  page.link = page.overview === null ? 'connecting' : page.link === 'hidden' ? 'lost' : page.link;
  stop = follow(page.name, { event: receive, alive, lost });
}

function alive() {
  heard.alive = performance.now();
  if (page.link !== 'live') {
    if (page.link === 'lost' && page.loss !== null) say('The connection is back');
    Object.assign(page, { link: 'live', loss: null });
  }
  render();
}

function lost(error, wait) {
  const isLocked = error.status === 401;
  if (page.link !== 'lost' && !isLocked) say('The connection is lost');
  Object.assign(page, { link: isLocked ? 'locked' : 'lost', loss: error, retryAt: performance.now() + wait });
  render();
}

function receive(type, data) {
  if (type !== 'problem' && typeof data?.at === 'string') {
    const here = performance.now();
    heard = { at: Date.parse(data.at), here, alive: here };
  }
  if (type === 'problem') takeProblem(data.message);
  if (type === 'overview') takeOverview(data);
  if (type === 'subsystem') takeDetails(data);
  alive();
}

function takeProblem(message) {
  if (message !== null && page.problem === null) stuckSince = performance.now();
  page.problem = message;
}

function takeOverview(data) {
  const read = { seen: heard.at };
  page.version += 1;
  if ('subsystems' in data) {
    page.overview = data;
    takeProblem(data.problem);
    page.rows = new Map(data.subsystems.map((row) => [row.name, { ...row, ...read }]));
  } else {
    if (data.drains) page.overview = { ...page.overview, drains: data.drains };
    for (const row of data.changed) page.rows.set(row.name, { ...row, ...read });
    for (const name of data.gone) page.rows.delete(name);
  }
  const bad = [...page.rows.values()].filter((row) => stateOf(row)[0] === 'bad').length;
  if (page.name === null) say(`${plural(bad, 'subsystem')} without a working master`, bad);
}

function takeDetails(data) {
  const before = page.details?.row;
  page.details = data === null ? null : { ...data, row: { ...data.row, seen: heard.at } };
  if (data === null) return;
  const { row } = data;
  if (before && (before.term !== row.term || before.state !== row.state)) {
    say(
      `${shown(row.name, 60)}: ${stateOf(row)[1]}${row.master ? ` by ${shown(row.master.id, 60)}, term ${row.term}` : ''}`,
    );
  }
  refreshLists(page, before);
}

const spoken = { text: '', next: null, about: 0, timer: null };
/** Has screen readers say it: the last of what comes within some seconds, and only if `about` has changed. */
function say(text, about = null) {
  if (about !== null) {
    const isSame = about === spoken.about;
    spoken.about = about;
    if (isSame) return;
  }
  spoken.next = text;
  spoken.timer ??= setTimeout(
    () => {
      element('said').textContent = spoken.next;
      spoken.timer = null;
    },
    element('said').textContent === '' ? 0 : QUIET_MS,
  );
}

function toggleLive() {
  page.link = page.link === 'stopped' ? 'lost' : 'stopped';
  restart();
  render();
}

function forget() {
  page.notice = null;
  render();
}

function unlock(text) {
  token.set(text.trim());
  page.link = 'connecting';
  restart();
  render();
}

addEventListener('hashchange', readAddress);
addEventListener('scroll', () => page.name === null && render(), { passive: true });
addEventListener('resize', render);
document.addEventListener('visibilitychange', () => {
  if (page.link === 'stopped' || page.link === 'locked') return;
  if (document.hidden) page.link = 'hidden';
  restart();
  render();
});
document.addEventListener('keydown', (event) => {
  const isTyping = event.target.matches?.('input, select, textarea') || page.ask !== null;
  if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  // At once where it is there: what is typed next belongs into it.
  if (element('filter')) return element('filter').focus();
  if (page.name !== null) location.hash = page.back;
  requestAnimationFrame(() => requestAnimationFrame(() => element('filter')?.focus()));
});
// The address is that of the view, and stays.
document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault();
  element('main').focus();
});
element('ask').addEventListener('close', () => {
  page.ask = null;
  render();
});
setInterval(() => document.hidden || render(), TICK_MS);
readAddress();
