/** What a task has written is there when its member has closed: a thread that is terminated takes along what waits in it. */
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { settledStore } from '../support/settledStore.ts';
import { startMember } from '../support/startMember.ts';

const program = fileURLToPath(new URL('./fixtures/loudMember.mjs', import.meta.url));
const LINES = 300;

test.each([
  ['./loudWork.mjs', []],
  ['./loudStop.mjs', ['stopped']],
])('of the work %s', async (work, last) => {
  const { options } = await settledStore('embedded');
  const member = startMember(program, { options, work, lines: LINES });
  expect(await member.ended).toEqual({ code: 0, signal: null });
  const lines = member.stdout.split('\n').map((line) => line.trimEnd());
  expect(lines).toEqual([...Array.from({ length: LINES }, (_, index) => String(index + 1)), ...last, '']);
  expect(member.lines).toEqual([]);
});
