/** The commands as they ship, on a store with members in processes of their own. */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { FailoverOptions } from 'mongo-failover';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { intervals } from '../processes/memberProcess.ts';
import { databaseUri } from '../support/database.ts';
import { Program } from '../support/program.ts';
import { stores } from '../support/stores.ts';
import { commandLine, environment, run, scratch, start } from './commandRuns.ts';

const fixture = fileURLToPath(new URL('./fixtures/operatedMember.mjs', import.meta.url));

/** How long a line may take to come on a busy machine. */
const PATIENCE_MS = 60_000;

interface Place {
  readonly options: FailoverOptions;
  readonly flags: readonly string[];
}

const started: Program[] = [];
afterAll(() => Promise.all(started.splice(0).map((program) => program.end())));

function placeOf(kind: string): Place {
  if (kind === 'embedded') {
    const path = scratch('store');
    return { options: { nodb: { path } }, flags: ['--store', path] };
  }
  const connectString = databaseUri();
  return { options: { mongodb: { connectString } }, flags: ['--mongodb', connectString] };
}

describe.each(stores)('on %s', (kind) => {
  let place: Place;
  let members: Program[];
  const on = (...args: string[]) => run(...args, ...place.flags);
  const json = async (...args: string[]) => JSON.parse((await on(...args, '--json')).out);

  beforeAll(async () => {
    place = placeOf(kind);
    const told = JSON.stringify({ options: { intervals, ...place.options } });
    members = [0, 1].map(() => new Program([fixture, told], process.env));
    started.push(...members);
    const isMaster = (name: string) =>
      Promise.any(members.map((member) => member.line(new RegExp(`^state ${name} master`))));
    await Promise.all([isMaster('billing'), isMaster('poller')]);
    await Promise.all(members.map((member) => member.line(/^state poller /)));
  });

  /** The first line of any member, from now on or before. */
  const said = (pattern: RegExp) => Promise.any(members.map((member) => member.line(pattern)));

  test('lists what there is, as text, as a document, and a line each', async () => {
    const text = await on('list');
    expect(text).toMatchObject({ code: 0, said: '' });
    expect(text.out).toMatch(/^NAME +KIND +STATE.*\nbilling +durable .*\npoller +unmanaged /);
    expect(await json('list')).toMatchObject([
      { name: 'billing', kind: 'durable', queue: { where: 'store', queued: 0 }, members: 2 },
      { name: 'poller', kind: 'unmanaged', queue: null },
    ]);
    const lines = (await on('list', '--output', 'jsonl')).out.trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).name)).toEqual(['billing', 'poller']);
  });

  test('shows one subsystem, and says for monitoring whether it is healthy', async () => {
    const pids = members.map(({ pid }) => pid);
    const status = await json('status', 'billing');
    expect(pids).toContain(status.master.pid);
    expect(status.memberList.map(({ pid }: { pid: number }) => pid).sort()).toEqual([...pids].sort());
    expect(status).toMatchObject({ settings: { key: '"id"' }, terms: [{ term: status.term }] });
    expect(await on('status', 'billing', '--check')).toMatchObject({ code: 0, out: 'HEALTHY billing\n' });
    expect(await on('status', 'nothing', '--check')).toMatchObject({ code: 3 });
    expect(await on('status', 'nothing')).toMatchObject({
      code: 4,
      said: expect.stringContaining('knows no subsystem'),
    });
  });

  test('stores tasks, and puts back or discards what was given up', async () => {
    const file = scratch('tasks.jsonl');
    await writeFile(file, '{"id":1}\n{"id":2,"fails":true}\n{"id":"3","fails":true}\n{"id":4,"fails":true}\n\n');
    expect(await json('submit', 'billing', '--file', file)).toMatchObject({ stored: 4, duplicates: 0 });
    await Promise.all([said(/^done 1$/), said(/^deadletter 2$/), said(/^deadletter 3$/), said(/^deadletter 4$/)]);
    const dead = await json('tasks', 'billing', '--dead', '--payload');
    expect(dead).toMatchObject([
      { id: 2, error: { message: expect.stringContaining('as asked') }, payload: { id: 2, fails: true } },
      { id: '3' },
      { id: 4 },
    ]);
    expect(await json('outcome', 'billing', '1')).toMatchObject({ id: 1, state: 'done', attempts: 1, error: null });
    expect((await on('outcome', 'billing', '2')).out).toMatch(/^task 2 failed, .* under term \d+: .*as asked/);
    expect(await on('outcome', 'billing', '"2"')).toMatchObject({
      code: 4,
      said: expect.stringContaining('no outcome of task'),
    });
    const check = await on('status', 'billing', '--check');
    expect(check).toMatchObject({ code: 1, out: 'WARNING billing: has 3 dead letters\n' });
    expect(await on('requeue', 'billing', '--all')).toMatchObject({ code: 2, said: expect.stringContaining('--yes') });
    expect((await on('requeue', 'billing', '--all', '--dry-run')).out.trim().split('\n')).toHaveLength(3);
    expect(await on('discard', 'billing', '2', '--yes')).toMatchObject({ code: 0, out: '2  discarded\n' });
    expect(await on('discard', 'billing', '2', '--yes')).toMatchObject({ code: 4 });
    expect(await on('requeue', 'billing', '3')).toMatchObject({ code: 0, out: '3  queued again\n' });
    expect(await on('discard', 'billing', '--all', '--error', 'no such', '--yes')).toMatchObject({ code: 4 });
  });

  test('refuses tasks that it cannot store, and stores none of them', async () => {
    const refused = async (...args: string[]) => (await on('submit', ...args)).code;
    expect(await refused('billing', '{"id":10}', '{"no":1}')).toBe(2);
    expect(await refused('billing', '{"id":10}', 'nothing')).toBe(2);
    expect(await refused('billing')).toBe(2);
    expect(await refused('poller', '{"id":10}')).toBe(5);
    expect(await refused('nothing', '{"id":10}')).toBe(4);
    expect(await json('tasks', 'billing')).toEqual([]);
  });

  test('cancels what waits, and says what became of the rest', async () => {
    await on('pause', 'billing');
    await expect.poll(() => json('status', 'billing')).toMatchObject({ pause: expect.anything() });
    await on('submit', 'billing', '{"id":70}', '{"id":"71"}');
    const cancelled = await on('cancel', 'billing', '70', '"71"', '72');
    expect(cancelled).toMatchObject({ code: 0, out: '70  cancelled\n71  cancelled\n72  is not queued\n' });
    expect(await json('tasks', 'billing')).toEqual([]);
    await on('resume', 'billing');
    expect(await on('cancel', 'billing', '70')).toMatchObject({ code: 4, out: '70  is not queued\n' });
    expect(await on('cancel', 'poller', '70')).toMatchObject({
      code: 5,
      said: expect.stringContaining('not in the store'),
    });
  });

  test('gives a task that waits another payload, and stores tasks for later, or of ids that stay taken', async () => {
    await on('pause', 'billing');
    await expect.poll(() => json('status', 'billing')).toMatchObject({ pause: expect.anything() });
    await on('submit', 'billing', '{"id":80,"n":1}', '--unique-for', '1h');
    expect(await on('update', 'billing', '80', '{"id":80,"n":2}')).toMatchObject({ code: 0, out: '80  changed\n' });
    expect(await json('tasks', 'billing', '--payload')).toMatchObject([{ id: 80, payload: { n: 2 } }]);
    expect((await on('update', 'billing', '81', '{"id":81}')).code).toBe(4);
    expect((await on('update', 'billing', '80', '{"id":81}')).code).toBe(2);
    expect((await on('update', 'billing', '"80"', '{"id":"80"}')).code).toBe(4);
    expect((await on('update', 'billing', '80', 'nothing')).code).toBe(2);
    expect((await on('update', 'billing', '80', '{"id":80,"n":{"$numberLong":7}}')).code).toBe(2);
    expect((await on('update', 'poller', '80', '{"id":80}')).code).toBe(5);
    expect((await on('update', 'nothing', '80', '{"id":80}')).code).toBe(4);
    const later = await on('submit', 'billing', '{"id":82}', '{"id":82}', '--at', '2100-01-01T00:00Z');
    expect(later).toMatchObject({ code: 0, out: '1 task stored, due 2100-01-01T00:00:00.000Z, already waiting: 1\n' });
    await on('submit', 'billing', '{"id":83}', '--at', 'in 1ms');
    await on('resume', 'billing');
    await expect.poll(() => json('tasks', 'billing')).toEqual([]);
    await expect.poll(async () => (await on('submit', 'billing', '{"id":80}')).out).toContain('already queued: 1');
    for (const args of [
      ['--at', 'soon'],
      ['--at', '10'],
      ['--at', '2100-01-01T00:00'],
      ['--at', '2026-01-01T00:00Z'],
      ['--unique-for', '1'],
      ['--unique-for', '1h', '--at', 'in 1h'],
    ]) {
      expect((await on('submit', 'billing', '{"id":84}', ...args)).code, args.join(' ')).toBe(2);
    }
    for (const command of [['tasks'], ['tasks', '--dead'], ['schedules']]) {
      expect((await on(...command, 'nothing')).code, command.join(' ')).toBe(4);
      expect((await on(...command, 'billing')).code, command.join(' ')).toBe(0);
    }
  });

  test('pauses and resumes once each, and says who paused', async () => {
    expect(await on('pause', 'poller', '--reason', 'the upgrade')).toMatchObject({ code: 0 });
    expect(await on('pause', 'poller')).toMatchObject({ code: 5, said: expect.stringContaining('paused already') });
    expect(await json('status', 'poller')).toMatchObject({ pause: { reason: 'the upgrade', standby: false } });
    expect((await on('status', 'poller', '--check')).out).toMatch(/^WARNING poller: is paused by .*\(the upgrade\)\n/);
    expect(await on('resume', 'poller')).toMatchObject({ code: 0 });
    expect(await on('resume', 'poller')).toMatchObject({ code: 5 });
    expect(await on('pause', 'nothing')).toMatchObject({ code: 4 });
  });

  test('drains a host that has no members, lists that, and takes it back', async () => {
    expect(await on('drain', '--host', 'elsewhere', '--reason', 'old')).toMatchObject({ code: 0 });
    expect(await json('drain')).toMatchObject([{ key: 'host/elsewhere', reason: 'old' }]);
    expect(await on('undrain', '--host', 'elsewhere')).toMatchObject({ code: 0 });
    expect(await on('undrain', '--host', 'elsewhere')).toMatchObject({ code: 5 });
    expect(await on('drain', 'nobody')).toMatchObject({ code: 4 });
  });

  test('refuses a hand-over of another term, and to a member that is not there', async () => {
    expect(await on('hand-over', 'billing', '--if-term', '99')).toMatchObject({ code: 5 });
    expect(await on('hand-over', 'billing', '--to', 'nobody')).toMatchObject({ code: 4 });
    expect(await on('hand-over', 'nothing')).toMatchObject({ code: 4 });
  });

  test('hands over to the other member, and follows until it is master', async () => {
    const before = await json('status', 'billing');
    const other = before.memberList.find(({ id }: { id: string }) => id !== before.master.id);
    const handed = await on('hand-over', 'billing', '--to', other.id, '--if-term', String(before.term), '--json');
    expect(handed, handed.said).toMatchObject({ code: 0 });
    expect(JSON.parse(handed.out)).toEqual({ name: 'billing', term: before.term + 1, holder: other.id });
    expect(await json('status', 'billing')).toMatchObject({ handOver: { state: 'done', to: other.id } });
  });

  test('drains the process of the master, and follows until it holds nothing', async () => {
    const { master } = await json('status', 'poller');
    const drained = await on('drain', master.id, '--wait', '60s', '--json');
    expect(drained, drained.said).toMatchObject({ code: 0 });
    expect(JSON.parse(drained.out)).toMatchObject({ held: [] });
    const [{ key }] = await json('drain');
    expect(await on('undrain', key)).toMatchObject({ code: 0 });
  });

  test('finds no error', async () => {
    const report = await on('doctor', '--write', '--json');
    expect(report, report.said).toMatchObject({ code: 0, said: 'no errors' });
    const { findings, writes } = JSON.parse(report.out);
    expect(writes).toHaveLength(20);
    expect(findings.map(({ code }: { code: string }) => code)).toEqual(expect.arrayContaining(['SERVER', 'PACE']));
    expect((await json('list')).map(({ name }: { name: string }) => name)).toEqual(['billing', 'poller']);
  });

  test.each(['events', 'top'])('%s tells changes a line each, until a signal', async (command) => {
    const following = start(command, 'poller', '--output', 'jsonl', '--every', '100ms', ...place.flags);
    await expect.poll(() => following.stdout, { timeout: PATIENCE_MS }).toMatch(/"type":"master","name":"poller"/);
    await on('pause', 'poller');
    await expect.poll(() => following.stdout, { timeout: PATIENCE_MS }).toMatch(/"type":"paused"/);
    await on('resume', 'poller');
    await expect.poll(() => following.stdout, { timeout: PATIENCE_MS }).toMatch(/"type":"resumed"/);
    following.kill('SIGINT');
    expect(await following.ended).toEqual({ code: 130, signal: null });
  });

  test('a reader that goes away ends a list without a trace', async () => {
    const command = `${process.execPath} ${commandLine} list ${place.flags.join(' ')} | true; echo \${PIPESTATUS[0]}`;
    const shell = new Program(['-c', command], environment, 'bash');
    await shell.ended;
    expect(shell.lines).toEqual([]);
    expect(['0', '141']).toContain(shell.stdout.trim());
  });
});
