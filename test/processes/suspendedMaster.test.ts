/**
 * The master's process is stopped for longer than its lease, and goes on afterwards. A task that was running then runs
 * on: nothing can prevent that, which is what `context.term` is for. But none is begun.
 */
import { expect, test } from 'vitest';
import { temporaryFolder } from '../support/clusters.ts';
import { databaseUri } from '../support/database.ts';
import { Journal } from '../support/journal.ts';
import { allIsDone, MemberProcess, numbers, shuffled } from './memberProcess.ts';

test('a master that was stopped begins no task when it goes on, and becomes a standby', async () => {
  const journal = new Journal(await temporaryFolder());
  const options = { mongodb: { connectString: databaseUri() } };
  const ids = numbers(800);
  const start = (turn: number) => new MemberProcess(options, journal, { ids: shuffled(ids, turn), ms: 4 });
  const stopped = start(0);
  await stopped.enters('master');
  const other = start(1);
  await other.enters('slave');
  await stopped.hasDone(40);
  stopped.program.kill('SIGSTOP');
  await other.enters('master');
  await other.hasDone(40);
  const resumedAt = process.hrtime.bigint();
  const from = stopped.program.lines.length;
  stopped.program.kill('SIGCONT');
  const [, isMaster] = await stopped.program.line(/^resumed (.*)/, from);
  expect(isMaster).toBe('false');
  await stopped.enters('slave', from);
  await allIsDone([stopped, other]);
  await Promise.all([stopped.stop(), other.stop()]);

  const lines = journal.lines();
  const after = lines.filter(({ term, at }) => term === 1 && at > resumedAt);
  // The one task that it was at, if it was at one.
  expect(new Set(after.map(({ id }) => id)).size).toBeLessThanOrEqual(1);
  expect(new Set(lines.filter(({ what }) => what === 'end').map(({ id }) => id))).toEqual(new Set(ids));
  const others = journal.runs().filter(({ term }) => term > 1);
  expect(new Set(others.map(({ pid }) => pid)).size).toBe(1);
  expect(stopped.program.lines.filter((line) => line.startsWith('panic'))).toEqual([]);
});
