/** The dialog: what will happen, why, yes or no, and the answer in the same place. */
import { h } from './dom.js';
import { button } from './parts.js';
import { masterName, shown, stateOf } from './words.js';

function field({ name, label, options, isBox, hint, max, value }) {
  const id = `ask-${name}`;
  if (isBox) return h('label', { key: name, class: 'box' }, h('input', { type: 'checkbox', name }), label);
  const control = options
    ? h(
        'select',
        { id, name },
        options.map(([key, words]) => h('option', { key, value: key, selected: key === value }, words)),
      )
    : h('input', { id, name, type: 'text', maxlength: max, autocomplete: 'off', placeholder: hint });
  return h('div', { key: name, class: 'field' }, h('label', { for: id }, label), control);
}

function present(row) {
  const master = row.master === null ? 'no master' : `master ${masterName(row.master)}`;
  return `Now: ${stateOf(row)[1]}, ${master}, term ${row.term}.`;
}

async function send(page, event) {
  event.preventDefault();
  const asked = page.ask;
  if (asked.stage !== 'open') return;
  const fields = Object.fromEntries(new FormData(event.target));
  Object.assign(asked, { stage: 'sent', answer: 'Sent…' });
  page.render();
  let is;
  try {
    is = { stage: 'done', answer: asked.done(await asked.send(fields)) };
  } catch (error) {
    const now = error.now ? { ...error.now, seen: page.now() } : null;
    is = { stage: stageOf(error), answer: error.message, partly: error.partly, now };
  }
  Object.assign(asked, is);
  asked.then?.();
  // Someone has closed the dialog before the answer came.
  if (page.ask !== asked) page.notice = `${asked.title}: ${asked.answer}`;
  page.render();
  requestAnimationFrame(() => requestAnimationFrame(() => document.querySelector('#ask .buttons button')?.focus()));
}

/** Asks again of the subsystem as it is now. */
function again(page) {
  const { make, now, row } = page.ask;
  const next = now ?? page.details?.row ?? row;
  page.ask = { row: next, make, ...make(next), stage: 'open', answer: null };
  page.render();
}

function stageOf({ status, partly }) {
  if (partly) return 'partly';
  if (status === 409) return 'conflict';
  return status === 0 || status >= 500 ? 'unknown' : 'refused';
}

const heads = {
  conflict: 'It has changed, so nothing was done. ',
  refused: 'It was not done. ',
  unknown: 'It is not known whether it was done: look before you ask again. ',
  partly: 'Only a part was done: ',
};

export function dialogOf(page) {
  const { title, lines, fields = [], verb, isDanger, stage, answer, partly, now } = page.ask;
  const isOpen = stage === 'open';
  const close = () => {
    page.ask = null;
    page.render();
  };
  return h(
    'form',
    { key: title, on: { submit: (event) => send(page, event) } },
    h('h2', { id: 'ask-title' }, title),
    lines.map((line) => h('p', line)),
    isOpen && fields.map(field),
    h(
      'div',
      { class: `answer ${stage}`, role: 'status' },
      answer !== null && h('p', h('b', heads[stage]), partly && `${partly}. Then: `, shown(answer, 1000)),
      now && h('p', present(now)),
    ),
    h(
      'div.buttons',
      button(isOpen ? 'Cancel' : 'Close', close, { key: 'close' }),
      !isOpen && stage !== 'done' && stage !== 'sent' && button('Look again', () => again(page), { key: 'again' }),
      isOpen && verb && h('button', { key: 'yes', type: 'submit', class: isDanger ? 'danger' : 'main' }, verb),
    ),
  );
}
