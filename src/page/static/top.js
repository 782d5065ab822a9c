/** What is above each view: which environment this is, how fresh it is, and what went wrong. */
import { h } from './dom.js';
import { button } from './parts.js';
import { memory } from './wire.js';
import { duration, shown } from './words.js';

const themes = ['auto', 'light', 'dark'];
const kept = memory('localStorage', 'mongo-failover theme');
const root = document.documentElement;
let theme = themes.find((each) => each === kept.get()) ?? 'auto';
root.dataset.theme = theme;

function changeTheme(event) {
  theme = event.target.value;
  root.dataset.theme = theme;
  kept.set(theme);
}

function freshness(page) {
  const ago = () => `as of ${duration(page.silence())} ago`;
  const { link, overview } = page;
  if (link === 'live')
    return page.problem === null ? ['ok', 'Live'] : ['bad', `Not read for ${duration(page.stuckFor())}`];
  if (link === 'locked') return ['bad', 'Locked'];
  if (overview === null) return link === 'lost' ? ['bad', 'No connection'] : ['warn', 'Connecting…'];
  if (link === 'stopped') return ['warn', `Stopped, ${ago()}`];
  return ['bad', `Not live, ${ago()}`];
}

function trouble(page) {
  const { link, loss, problem } = page;
  const alerts = [];
  if (link === 'lost' && loss !== null) {
    const advice = 'Is the process that serves this page alive? The members go on without it.';
    // Seconds that count down are not for a reader that says each change.
    const when = page.retryIn() > 0 ? `Next try in ${duration(page.retryIn())}.` : 'Trying…';
    alerts.push([shown(loss.message, 600), advice, when]);
  }
  if (problem !== null) {
    const advice =
      'Below is what was read before. The members have connections of their own: see whether the store runs.';
    alerts.push([`The store cannot be read: ${shown(problem, 600)}`, advice]);
  }
  return alerts.map(([what, advice, when]) =>
    h(
      'div.alert',
      h('span', { role: 'alert' }, h('strong', what), ` ${advice}`),
      when && [h('span.when', { 'aria-hidden': 'true' }, when), button('Try now', page.retry)],
    ),
  );
}

export function topOf(page) {
  const { overview, link } = page;
  const [level, word] = freshness(page);
  const isStopped = link === 'stopped';
  return [
    h(
      'div.bar',
      h('a.home', { href: '#' }, 'mongo-failover'),
      overview?.title && h('span.badge', { title: 'environment' }, h('bdi', shown(overview.title, 40))),
      overview && h('span.store', { title: shown(overview.store) }, h('bdi', shown(overview.store))),
      h('span.fill'),
      overview?.viewer && h('span.viewer', h('bdi', shown(overview.viewer, 40))),
      h('span', { class: `fresh ${level}` }, h('i', { class: `dot ${level}` }), word),
      h(
        'button',
        { type: 'button', 'aria-pressed': String(isStopped), on: { click: page.toggleLive } },
        isStopped ? 'Go live' : 'Stop',
      ),
      h(
        'select',
        { 'aria-label': 'Theme', value: theme, on: { change: changeTheme } },
        themes.map((each) => h('option', { key: each, value: each }, each)),
      ),
    ),
    ...trouble(page),
    page.notice &&
      h('div.notice', h('span', { role: 'status' }, h('bdi', shown(page.notice, 1000))), button('Close', page.forget)),
  ];
}
