/** Who was master when: a line of terms, each in the colour of its member, and gaps in red. */
import { h } from './dom.js';
import { ago, bdi, options, table } from './parts.js';
import { clockTime, duration, plural, shown } from './words.js';

const ranges = [
  [600_000, '10 min'],
  [3_600_000, '1 h'],
  [86_400_000, '24 h'],
  [604_800_000, '7 d'],
];
const choices = [['auto', 'since the last change'], ...ranges, ['all', 'all that is known']];
const COLOURS = 6;
let chosen = 'auto';

/** The shortest range in which the last change of masters can be seen. */
function rangeOf(since, first) {
  const all = Math.max(first, 60_000);
  if (chosen === 'all') return all;
  if (chosen !== 'auto') return Number(chosen);
  return ranges.find(([ms]) => ms >= since * 1.2)?.[0] ?? all;
}

/** Returns terms and gaps as spans of time, the oldest first. One that goes on may have begun ahead of the clock here. */
function spansOf({ terms, gaps }, now) {
  const of = ({ from: began, to: ended, ...more }) => {
    const from = Date.parse(began);
    return { from, to: ended === null ? Math.max(now, from) : Date.parse(ended), ...more };
  };
  const held = terms.filter(({ at }) => at !== null).map(({ at, until, ...term }) => of({ from: at, to: until, term }));
  return [...held, ...gaps.map(of)].filter(({ from, to }) => to >= from).sort((a, b) => a.from - b.from || a.to - b.to);
}

function bar(span, start, now, colour) {
  const share = (ms) => `${Math.max(0, Math.min(100, (100 * (ms - start)) / (now - start)))}%`;
  const { from, to, term } = span;
  if (to < start) return null;
  const [left, right] = [share(from), share(to)];
  const css = { left, width: `calc(${right} - ${left})` };
  const lasted = `${clockTime(from)}, ${duration(to - from)}`;
  if (!term) return h('div', { key: `gap ${from}`, class: 'gap', css, title: `no master: ${lasted}` });
  const title = `term ${term.term}, ${shown(term.holder)}: ${lasted}`;
  return h('div', { key: term.term, class: `term c${colour}`, css, title }, `${term.term}`);
}

function rows(page, { terms, gaps, memberList }) {
  const now = page.now();
  const until = (iso) => (iso === null ? now : Date.parse(iso));
  return terms.map(({ term, holder, at, until: end, isSeen }) => {
    const gap = end !== null && gaps.find(({ from }) => Math.abs(Date.parse(from) - Date.parse(end)) < 1);
    const lasted = at === null ? '–' : duration(until(end) - Date.parse(at));
    const isGone = !memberList.some(({ id }) => id === holder);
    return h(
      'tr',
      { key: term },
      h('th', { scope: 'row' }, `${term}`),
      h('td', bdi(holder, 80), isGone && h('small', 'gone')),
      h('td', at === null ? '–' : ago(page, at)),
      h('td', end === null ? `${lasted}, goes on` : `${isSeen ? '' : 'at most '}${lasted}`),
      h(
        gap ? 'td.bad' : 'td.nil',
        gap
          ? `${duration(until(gap.to) - Date.parse(gap.from))} without a master`
          : end !== null && !isSeen && 'not seen',
      ),
    );
  });
}

function line(spans, start, now, colour, words) {
  const half = duration((now - start) / 2);
  return [
    h(
      'div.line',
      { role: 'img', 'aria-label': words },
      spans.map((span) => bar(span, start, now, span.term && colour(span.term.holder))),
    ),
    h(
      'div.axis',
      { 'aria-hidden': 'true' },
      [`${duration(now - start)} ago`, `${half} ago`, 'now'].map((text) => h('span', text)),
    ),
  ];
}

export function timelineOf(page, details) {
  const now = page.now();
  const spans = spansOf(details, now);
  if (spans.length === 0) return h('p.hint', 'No member was ever master.');
  const newest = spans.filter(({ term }) => term).at(-1);
  const range = rangeOf(newest ? now - newest.from : 0, now - spans[0].from);
  const start = now - range;
  const holders = [...new Set(details.terms.map(({ holder }) => holder))].reverse();
  const colour = (holder) => holders.indexOf(holder) % COLOURS;
  const seen = spans.filter(({ to, term }) => term && to >= start);
  const inRange = [...new Set(seen.map(({ term }) => term.holder))];
  const gaps = details.gaps.filter(({ to }) => to === null || Date.parse(to) >= start);
  const words = `In the last ${duration(range)}: ${plural(inRange.length, 'master')}, ${plural(gaps.length, 'gap')} seen.`;
  const choose = (event) => {
    chosen = event.target.value;
    page.render();
  };
  return [
    h(
      'div.line-head',
      h('h2', 'Who was master'),
      h('select', { 'aria-label': 'Span of time', value: chosen, on: { change: choose } }, options(choices)),
    ),
    line(spans, start, now, colour, words),
    h(
      'ul.legend',
      inRange.map((holder) => h('li', { key: holder }, h('i', { class: `c${colour(holder)}` }), bdi(holder, 80))),
      gaps.length > 0 && h('li', { key: ' gap' }, h('i.gap'), 'no master'),
    ),
    gaps[0] && h('p.bad', gapWords(gaps, now)),
    h(
      'details',
      h('summary', `The last ${plural(details.terms.length, 'term')} as a table`),
      h(
        'p.hint',
        'Gaps are seen only while someone looks. Otherwise a term ends at the latest when the next one begins.',
      ),
      table(['Term', 'Master', 'Began', 'Lasted', 'Then'], rows(page, details)),
    ),
  ];
}

function gapWords(gaps, now) {
  const [{ from, to }] = gaps;
  const lasted = duration((to === null ? now : Date.parse(to)) - Date.parse(from));
  const others = gaps.length > 1 ? `, and ${plural(gaps.length - 1, 'gap')} before` : '';
  return to === null
    ? `No master for ${lasted}${others}.`
    : `No master for ${lasted}, ${duration(now - Date.parse(to))} ago${others}.`;
}
