/** What is shown before there is anything to see: a wait, or the question for a token. */
import { h } from './dom.js';
import { shown } from './words.js';

export function gate(page) {
  if (page.link === 'locked') return locked(page);
  if (page.overview !== null) return null;
  return h(
    'p.hint',
    { 'aria-busy': 'true' },
    page.link === 'lost' ? 'Nothing has been read yet.' : 'Reading the store…',
  );
}

function locked(page) {
  const submit = (event) => {
    event.preventDefault();
    page.unlock(new FormData(event.target).get('token'));
  };
  return h(
    'form.empty',
    { on: { submit } },
    h('h1', 'This page is locked'),
    h('p', shown(page.loss?.message ?? '', 400)),
    h(
      'p',
      h('code', 'mongo-failover page'),
      ' printed an address when it started. Open that one, or paste what follows ',
      h('code', '#token='),
      ' in it.',
    ),
    h('label', { for: 'token' }, 'Token'),
    h('input', { id: 'token', name: 'token', type: 'password', autocomplete: 'off', required: true }),
    h('button.main', { type: 'submit' }, 'Open'),
  );
}
