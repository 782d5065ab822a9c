/**
 * Rule 7, with work that nothing can end: a native call of 10 s, while the network to the server is cut, or the member
 * stops. With fencing `process` the process is killed by the end of its lease, and the next master's work never
 * overlaps; with `thread` a panic says that it may.
 */
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../support/clusters.ts';
import { databaseUri } from '../support/database.ts';
import { Journal, overlapping } from '../support/journal.ts';
import { startMember } from '../support/startMember.ts';
import { TcpProxy } from '../support/tcpProxy.ts';
import { intervals } from './memberProcess.ts';

const program = fileURLToPath(new URL('./fixtures/fencedMember.mjs', import.meta.url));
const SECONDS = 10;

test.each(['process', 'thread'] as const)('fencing: %s', async (fencing) => {
  const journal = new Journal(await temporaryFolder());
  const uri = databaseUri();
  const proxy = await TcpProxy.before(uri);
  onTestFinished(() => proxy.close());
  const tasks = [{ id: 'native', seconds: SECONDS, file: journal.file }];
  const start = (connectString: string) =>
    startMember(program, { options: { intervals, mongodb: { connectString } }, fencing, tasks });
  const cut = start(proxy.uri(uri));
  await cut.line(/^state master 1$/);
  const next = start(uri);
  await next.line(/^state slave /);
  proxy.mode = 'cut';
  await next.line(/^done native$/);

  const begun = journal.lines().find(({ what, term }) => what === 'begin' && term > 1);
  expect(begun).toBeDefined();
  if (fencing === 'process') {
    // The kill came first, so the time of the next one's begin is after the end of all that the other did.
    expect(await cut.ended).toEqual({ code: null, signal: 'SIGKILL' });
    expect(cut.lines.filter((line) => line.includes('fencing: process'))).toHaveLength(1);
    expect(overlapping(journal.runs())).toEqual([]);
    expect(journal.lines().filter(({ term, what }) => term === 1 && what === 'end')).toEqual([]);
  } else {
    await cut.line(/^panic ERR_WORK_NOT_STOPPED /);
    expect(cut.isRunning).toBe(true);
  }
});

test('fencing: process, when the only member of the process stops', async () => {
  const journal = new Journal(await temporaryFolder());
  const { file } = journal;
  // When the first is told as done, the second has begun.
  const tasks = [
    { id: 'first', seconds: 0, file },
    { id: 'native', seconds: SECONDS, file },
  ];
  const options = { intervals, mongodb: { connectString: databaseUri() } };
  const told = { options, fencing: 'process', stopTimeout: 100, tasks };
  const stopped = startMember(program, told);
  await stopped.line(/^state master 1$/);
  const next = startMember(program, told);
  await next.line(/^state slave /);
  await stopped.line(/^done first$/);
  stopped.kill('SIGTERM');
  expect(await stopped.ended).toEqual({ code: null, signal: 'SIGKILL' });
  await next.line(/^done native$/);
  expect(overlapping(journal.runs())).toEqual([]);
  expect(journal.runs().filter(({ id, term, end }) => id === 'native' && term === 1 && end !== undefined)).toEqual([]);
});
