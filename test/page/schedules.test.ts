/** The schedules of a subsystem: what is shown of each, and what may be asked of it. */
import { expect, test } from 'vitest';
import { openPage, serve, until } from './browser.ts';
import type { World } from './fixture/server.ts';
import { billing, fewRows, iso, schedulesOf, worldOf } from './fixture/worlds.ts';

const at = Date.UTC(2026, 4, 17, 12);

async function opened(more: Partial<World> = {}, actions?: World['overview']['actions']) {
  const made = worldOf(at, fewRows(at), actions === undefined ? {} : { actions });
  const server = await serve({ ...made, details: () => billing(at), ...more });
  const page = await openPage(`${server.url}#name=billing`);
  await page.getByRole('heading', { name: 'Schedules (3)' }).waitFor();
  return { server, page, dialog: page.getByRole('dialog'), row: (id: string) => page.getByRole('row', { name: id }) };
}

test('each schedule has its pattern, next and last slot, what it missed, and its state', async () => {
  const { page, row } = await opened({}, ['pause']);
  const texts = async (id: string) => (await row(id).locator('th, td').allInnerTexts()).map((text) => text.trim());
  const nightly = await texts('nightly');
  expect(nightly.slice(0, 3)).toEqual(['nightly', '0 2 * * *', 'Europe/Berlin']);
  expect(nightly[3]).toMatch(/^in (12|11) h/);
  expect(nightly.slice(4)).toEqual(['12 h ago', '0', 'active']);
  expect((await texts('rates')).slice(5)).toEqual([
    '3',
    expect.stringMatching(/^paused by ann since .*: the source is down$/),
  ]);
  expect((await texts('monthly')).at(-1)).toBe('parked');
  // Other actions bring no button of theirs.
  expect(await page.getByRole('button', { name: 'Trigger…' }).count()).toBe(0);
});

test('a pause, its end and a trigger carry the schedule, the term, and the pause that was seen', async () => {
  let schedules = schedulesOf(at);
  const details = () => ({ ...billing(at), schedules: { rows: schedules, left: 0, problem: null } });
  const { server, page, dialog, row } = await opened({ details });
  const confirm = async (id: string, button: string, verb: string, said: RegExp) => {
    await row(id).getByRole('button', { name: button }).click();
    await dialog.getByRole('button', { name: verb, exact: true }).waitFor();
    const text = await dialog.innerText();
    await dialog.getByRole('button', { name: verb, exact: true }).click();
    await until(
      'the answer',
      () => page.locator('dialog .answer').innerText(),
      (answer) => said.test(answer),
    );
    await dialog.getByRole('button', { name: 'Close' }).click();
    return text;
  };
  await confirm('nightly', 'Trigger…', 'Trigger', /^A task is queued/);
  expect(server.writes.at(-1)).toMatchObject({
    action: 'trigger',
    name: 'billing',
    body: { id: 'nightly', ifTerm: 4 },
  });
  await confirm('nightly', 'Pause it…', 'Pause', /^Paused/);
  expect(server.writes.at(-1)).toMatchObject({ action: 'pause-schedule', body: { id: 'nightly', ifTerm: 4 } });
  const paused = { by: 'bob', reason: null, at: iso(at) };
  schedules = schedules.map((each) => (each.id === 'nightly' ? { ...each, next: null, paused } : each));
  server.sendDetails();
  expect(await confirm('nightly', 'Resume it…', 'Resume', /^Resumed/)).toContain('The pause by bob');
  const body = { id: 'nightly', ifAt: paused.at, ifTerm: 4 };
  expect(server.writes.at(-1)).toMatchObject({ action: 'resume-schedule', body });
  expect(await row('nightly').getByRole('button', { name: 'Delete…' }).count()).toBe(0);
  await confirm('monthly', 'Delete…', 'Delete', /^Deleted/);
  expect(server.writes.at(-1)).toMatchObject({ action: 'delete-schedule', body: { id: 'monthly', ifTerm: 4 } });
  // One that has gone can be asked nothing.
  await row('rates').getByRole('button', { name: 'Trigger…' }).waitFor();
  schedules = schedules.slice(0, 2);
  await row('monthly').getByRole('button', { name: 'Trigger…' }).click();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  server.sendDetails();
  await page.getByRole('heading', { name: 'Schedules (2)' }).waitFor();
});
