/** Small parts of the views. */
import { h } from './dom.js';
import { clockTime, duration, shown } from './words.js';

/** Any text from the store: it turns nothing around it, and hides nothing. */
export const bdi = (text, most = 200) =>
  h('bdi', { title: text.length > 40 ? shown(text, 1000) : null }, shown(text, most));
export const button = (label, click, props = {}) => h('button', { type: 'button', on: { click }, ...props }, label);
export const time = (iso, words) => h('time', { datetime: iso, title: clockTime(iso) }, words);
export const nil = () => h('span.nil', '–');
export const ago = (page, iso) => time(iso, `${duration(page.now() - Date.parse(iso))} ago`);
export const options = (all) => all.map(([value, label]) => h('option', { key: value, value }, label));

/** A table that scrolls by itself where it is too wide. A heading with # is one of numbers. */
export function table(headings, rows) {
  const heading = (each) =>
    typeof each === 'object'
      ? h('th', { key: 'first', scope: 'col' }, each)
      : h('th', { key: each, scope: 'col', class: each.startsWith('#') ? 'n' : null }, each.replace('#', ''));
  return h('div.wide', h('table.plain', h('thead', h('tr', headings.map(heading))), h('tbody', rows)));
}
