/** What may be asked of members: nothing is sent before it was confirmed, and the answer is where it was asked. */
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { openPage, serve, until } from './browser.ts';
import type { World } from './fixture/server.ts';
import { billing, fewRows, lettersOf, rowOf, tasksOf, worldOf } from './fixture/worlds.ts';

const at = Date.UTC(2026, 4, 17, 12);
const world = (more: Partial<World> = {}): World => ({
  ...worldOf(at, fewRows(at)),
  details: () => billing(at),
  ...more,
});

async function openBilling(served: World) {
  const server = await serve(served);
  const page = await openPage(`${server.url}#name=billing`);
  await page.getByText('Its beats arrive').waitFor();
  return { server, page, dialog: page.getByRole('dialog') };
}

const answer = (page: Page) => page.locator('dialog .answer').innerText();

test('a hand-over says which member and which term, and carries the term', async () => {
  const { server, page, dialog } = await openBilling(world());
  await page.getByRole('button', { name: 'Hand over…' }).click();
  const text = await dialog.innerText();
  for (const words of ['“billing”', 'web-2:882:bill07 (web-2, process 882) is master in term 4', 'No task is lost']) {
    expect(text).toContain(words);
  }
  // Neither the master nor a drained member is offered.
  expect(await dialog.getByLabel('Next master').locator('option').allInnerTexts()).toEqual([
    'any other member',
    'worker-9:120:billc4 (worker-9, process 120)',
  ]);
  await dialog.getByLabel('Next master').selectOption('worker-9:120:billc4');
  await dialog.getByLabel('Reason').fill('a new kernel');
  expect(server.writes).toEqual([]);
  await dialog.getByRole('button', { name: 'Hand over' }).click();
  await until(
    'the answer',
    () => answer(page),
    (said) => said.startsWith('Asked.'),
  );
  expect(server.writes).toMatchObject([
    { action: 'hand-over', name: 'billing', body: { to: 'worker-9:120:billc4', reason: 'a new kernel', ifTerm: 4 } },
  ]);
  await dialog.getByRole('button', { name: 'Close' }).click();
  await dialog.waitFor({ state: 'hidden' });
});

test('a member of the list can be chosen where it stands', async () => {
  const { page, dialog } = await openBilling(world());
  await page
    .getByRole('row', { name: /worker-9/ })
    .getByRole('button', { name: 'Hand over to it…' })
    .click();
  expect(await dialog.getByLabel('Next master').inputValue()).toBe('worker-9:120:billc4');
});

test('Esc and Cancel send nothing, and the focus goes back to the button', async () => {
  const { server, page, dialog } = await openBilling(world());
  const button = page.getByRole('button', { name: 'Pause…' });
  for (const leave of [
    () => page.keyboard.press('Escape'),
    () => dialog.getByRole('button', { name: 'Cancel' }).click(),
  ]) {
    await button.focus();
    await page.keyboard.press('Enter');
    await dialog.waitFor();
    await leave();
    await dialog.waitFor({ state: 'hidden' });
    expect(await page.evaluate<string>('document.activeElement.textContent')).toBe('Pause…');
  }
  expect(server.writes).toEqual([]);
});

test('a pause carries how long and whether nobody is to be master; a resume says whose pause it ends', async () => {
  const served = world();
  const { server, page, dialog } = await openBilling(served);
  await page.getByRole('button', { name: 'Pause…' }).click();
  await dialog.getByLabel('How long').selectOption({ label: 'for 1 h' });
  await dialog.getByLabel('No member is to be master').check();
  await dialog.getByRole('button', { name: 'Pause' }).click();
  await until(
    'the answer',
    () => answer(page),
    (said) => said.startsWith('Paused.'),
  );
  expect(server.writes.at(-1)?.body).toEqual({ for: 3_600_000, standby: true, ifTerm: 4 });
  await dialog.getByRole('button', { name: 'Close' }).click();
  const pause = { by: 'bob', reason: 'the bank is down', at: new Date(at).toISOString(), until: null, standby: false };
  served.details = () => billing(at, { pause });
  server.sendDetails();
  await page.getByRole('button', { name: 'Resume…' }).click();
  expect(await dialog.innerText()).toContain('The pause by bob');
  await dialog.getByRole('button', { name: 'Resume' }).click();
  await until(
    'the answer',
    () => answer(page),
    (said) => said === 'Resumed.',
  );
  expect(server.writes.at(-1)).toMatchObject({
    action: 'resume',
    name: 'billing',
    body: { ifTerm: 4, ifAt: pause.at },
  });
});

test('a conflict says what changed, and asks again for the subsystem as it is now', async () => {
  const now = rowOf('billing', at, { term: 5, master: { id: 'worker-9:120:billc4', host: 'worker-9', pid: 120 } });
  let isFirst = true;
  const write: World['write'] = () => {
    if (!isFirst) return { status: 200, body: { ok: true } };
    isFirst = false;
    return { status: 409, body: { ok: false, code: 'ERR_PAGE_CONFLICT', message: 'its term is 5, not 4', now } };
  };
  const { server, page, dialog } = await openBilling(world({ write }));
  await page.getByRole('button', { name: 'Hand over…' }).click();
  await dialog.getByRole('button', { name: 'Hand over' }).click();
  const said = await until(
    'the answer',
    () => answer(page),
    (text) => text.includes('nothing was done'),
  );
  expect(said).toContain('its term is 5, not 4');
  expect(said).toContain('Now: held, master worker-9 · 120, term 5.');
  await dialog.getByRole('button', { name: 'Look again' }).click();
  await dialog.getByText('is master in term 5').waitFor();
  await dialog.getByRole('button', { name: 'Hand over' }).click();
  await until(
    'the answer',
    () => answer(page),
    (text) => text.startsWith('Asked.'),
  );
  expect(server.writes.map(({ body }) => body.ifTerm)).toEqual([4, 5]);
});

test('a refusal, and a server that is gone, are said in the dialog', async () => {
  const refusal = { ok: false, code: 'ERR_PAGE_FORBIDDEN', message: 'ann may not drain' };
  const { server, page, dialog } = await openBilling(world({ write: () => ({ status: 403, body: refusal }) }));
  const drain = page.getByRole('row', { name: /worker-9/ }).getByRole('button', { name: 'Drain…' });
  await drain.click();
  await dialog.getByRole('button', { name: 'Drain' }).click();
  await until(
    'the refusal',
    () => answer(page),
    (text) => text === 'It was not done. ann may not drain',
  );
  await dialog.getByRole('button', { name: 'Close' }).click();
  await drain.click();
  await server.close();
  await dialog.getByRole('button', { name: 'Drain' }).click();
  await until(
    'no answer',
    () => answer(page),
    (text) => text.startsWith('It is not known whether it was done'),
  );
});

test('an answer that comes after the question was closed is said all the same', async () => {
  const { server, page, dialog } = await openBilling(world());
  let answerNow = () => {};
  const asked = new Promise<void>((resolve) => {
    answerNow = resolve;
  });
  await page.route('**/pause*', async (route) => {
    await asked;
    await route.continue();
  });
  await page.getByRole('button', { name: 'Pause…' }).click();
  await dialog.getByRole('button', { name: 'Pause' }).click();
  await dialog.getByText('Sent…').waitFor();
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });
  answerNow();
  await page.locator('.notice').getByText('Pause “billing”: Paused.').waitFor();
  expect(server.writes).toHaveLength(1);
  await page.locator('.notice').getByRole('button', { name: 'Close' }).click();
  await page.locator('.notice').waitFor({ state: 'hidden' });
});

test('a drain is of a process or of a host, and ends from the list of drains', async () => {
  const served = world();
  const { server, page, dialog } = await openBilling(served);
  const drain = page.getByRole('row', { name: /worker-9/ }).getByRole('button', { name: 'Drain…' });
  for (const [what, body] of [
    ['member', { member: 'worker-9:120:billc4' }],
    ['host', { host: 'worker-9' }],
  ] as const) {
    await drain.click();
    await dialog.getByLabel('What').selectOption(what);
    await dialog.getByRole('button', { name: 'Drain' }).click();
    await until(
      'the answer',
      () => answer(page),
      (text) => text.startsWith('Drained.'),
    );
    await dialog.getByRole('button', { name: 'Close' }).click();
    expect(server.writes.at(-1)).toMatchObject({ action: 'drain', body });
  }
  served.overview = {
    ...served.overview,
    drains: [{ key: 'host/worker-9', by: 'ann', reason: null, at: new Date(at).toISOString() }],
  };
  await page.goto(server.url);
  await page.reload();
  await page.getByRole('button', { name: 'End the drain…' }).click();
  await dialog.getByRole('button', { name: 'End the drain' }).click();
  await until(
    'the answer',
    () => answer(page),
    (text) => text === 'The drain has ended.',
  );
  expect(server.writes.at(-1)).toMatchObject({ action: 'undrain', body: { key: 'host/worker-9' } });
});

test('letters: those that are chosen are requeued or discarded, and what came of each is said', async () => {
  let letters = lettersOf(at, 7);
  const write: World['write'] = ({ body }) => {
    const ids = (body.letters as { id: string }[]).map(({ id }) => id);
    letters = letters.filter(({ id }) => id === ids[1] || !ids.includes(id));
    return {
      status: 200,
      body: {
        ok: true,
        left: false,
        results: ids.map((id, index) => ({ id, result: index === 1 ? 'known' : 'queued' })),
      },
    };
  };
  const { server, page, dialog } = await openBilling(world({ letters: () => letters, write }));
  const boxes = page.getByRole('checkbox', { name: /^Choose the letter/ });
  await boxes.first().waitFor();
  expect(await page.getByRole('button', { name: 'Requeue chosen…' }).isDisabled()).toBe(true);
  for (const index of [0, 1, 2]) await boxes.nth(index).check();
  expect(await page.evaluate<boolean>(`document.querySelector('[aria-label^="Choose all"]').indeterminate`)).toBe(true);
  await page.getByRole('button', { name: 'Requeue 3…' }).click();
  expect(await dialog.innerText()).toContain('Ids: "2026-2000", "2026-2037", "2026-2074".');
  await dialog.getByRole('button', { name: 'Requeue' }).click();
  await until(
    'the answer',
    () => answer(page),
    (text) => text === '2 back in the queue; 1 left, as a task with this id is queued',
  );
  const chosen = lettersOf(at, 7)
    .slice(0, 3)
    .map(({ number, id }) => ({ number, id }));
  expect(server.writes.at(-1)).toMatchObject({
    action: 'requeue',
    body: { letters: chosen, ifTerm: 4 },
  });
  await dialog.getByRole('button', { name: 'Close' }).click();
  await until(
    'the letters that are left',
    () => boxes.count(),
    (number) => number === 5,
  );
  // The one that stayed is still chosen.
  await page.getByRole('button', { name: 'Discard 1…' }).click();
  expect(await dialog.innerText()).toContain('This cannot be undone.');
  await dialog.getByRole('button', { name: 'Discard' }).click();
  await until(
    'the request',
    () => server.writes.length,
    (number) => number === 2,
  );
  expect(server.writes.at(-1)).toMatchObject({ action: 'discard', body: { letters: [chosen[1]] } });
});

test('a task that waits is cancelled by its number, and its work is ended if that is wanted', async () => {
  const results = ['removed', 'requested'];
  const write: World['write'] = () => ({ status: 200, body: { ok: true, result: results.shift() } });
  const { server, page, dialog } = await openBilling(world({ write }));
  await page.getByText('The tasks that wait, in order').click();
  const buttons = page.getByRole('button', { name: /^Cancel it… / });
  await buttons.first().waitFor();
  const [first] = tasksOf(at, 1);
  const cancel = async (running: boolean, said: RegExp) => {
    await buttons.first().click();
    if (running) await dialog.getByLabel('End its work, if it runs').check();
    expect(await dialog.innerText()).toContain('This cannot be undone.');
    await dialog.getByRole('button', { name: 'Take it out' }).click();
    await until(
      'the answer',
      () => answer(page),
      (text) => said.test(text),
    );
    await dialog.getByRole('button', { name: 'Close' }).click();
    await dialog.waitFor({ state: 'hidden' });
  };
  await cancel(false, /^It is cancelled/);
  await cancel(true, /^No master has decided yet/);
  const chosen = { number: first?.number, id: first?.id, ifTerm: 4 };
  expect(server.writes.map(({ action, name, body }) => ({ action, name, body }))).toEqual([
    { action: 'cancel', name: 'billing', body: chosen },
    { action: 'cancel', name: 'billing', body: { ...chosen, running: true } },
  ]);
});

test('all letters are requeued a part at a time, until none is left', async () => {
  let parts = 3;
  const write: World['write'] = () => {
    parts -= 1;
    const results = Array.from({ length: 100 }, (_, id) => ({ id: `${id}`, result: 'queued' }));
    return { status: 200, body: { ok: true, results, left: parts > 0 } };
  };
  const { server, page, dialog } = await openBilling(world({ write }));
  await page.getByRole('button', { name: 'Requeue all…' }).click();
  await dialog.getByRole('button', { name: 'Requeue' }).click();
  await until(
    'the answer',
    () => answer(page),
    (text) => text === '300 back in the queue',
  );
  expect(server.writes.map(({ body }) => body)).toEqual(Array(3).fill({ all: true, ifTerm: 4 }));
});

test('what was done before a refusal is said, and is not called nothing', async () => {
  let isFirst = true;
  const write: World['write'] = ({ body }) => {
    const results = (body.letters as { id: string }[]).map(({ id }) => ({ id, result: 'queued' }));
    if (!isFirst)
      return { status: 409, body: { ok: false, code: 'ERR_PAGE_CONFLICT', message: 'its term is 5, not 4' } };
    isFirst = false;
    return { status: 200, body: { ok: true, results, left: false } };
  };
  const { page, dialog } = await openBilling(world({ letters: () => lettersOf(at, 120), write }));
  const more = page.getByRole('button', { name: /^More/ });
  await more.click();
  await page.getByText('More (100 are shown)').click();
  await more.waitFor({ state: 'hidden' });
  await page.getByLabel('Choose all').check();
  await page.getByRole('button', { name: 'Requeue 120…' }).click();
  await dialog.getByRole('button', { name: 'Requeue' }).click();
  const part = 'Only a part was done: 100 back in the queue. Then: its term is 5, not 4';
  await until(
    'the answer',
    () => answer(page),
    (text) => text === part,
  );
});

test('many letters come a page at a time, and 120 chosen ones go in two requests', async () => {
  const { server, page, dialog } = await openBilling(world({ letters: () => lettersOf(at, 120) }));
  const more = page.getByRole('button', { name: /^More/ });
  await more.click();
  await page.getByText('More (100 are shown)').click();
  await more.waitFor({ state: 'hidden' });
  await page.getByLabel('Choose all').check();
  await page.getByRole('button', { name: 'Requeue 120…' }).click();
  await dialog.getByRole('button', { name: 'Requeue' }).click();
  await until(
    'the answer',
    () => answer(page),
    (text) => text === '120 back in the queue',
  );
  expect(server.writes.map(({ body }) => (body.letters as object[]).length)).toEqual([100, 20]);
});

test('without actions there is no button; with some, only theirs', async () => {
  const served = world();
  served.overview = { ...served.overview, actions: [] };
  const { page } = await openBilling(served);
  await page.getByText('CardError').first().waitFor();
  const names = await page.getByRole('button').allInnerTexts();
  expect(names).toEqual(['Stop']);
  expect(await page.getByRole('checkbox').count()).toBe(0);
  served.overview = { ...served.overview, actions: ['pause'] };
  await page.reload();
  await page.getByRole('button', { name: 'Pause…' }).waitFor();
  expect(await page.getByRole('button').allInnerTexts()).toEqual(['Stop', 'Pause…']);
});
