/**
 * Rule 7 where the process is the first of its namespace, as in most containers: the kernel drops the SIGKILL that it
 * sends to itself. The process still ends before its native call does, however its main thread is blocked.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../support/clusters.ts';
import { Journal } from '../support/journal.ts';
import { ownNamespace } from '../support/ownNamespace.ts';
import { Program } from '../support/program.ts';

const program = fileURLToPath(new URL('./fixtures/blockedInitMember.mjs', import.meta.url));
const SECONDS = 8;

test.each(['not at all', 'in JavaScript', 'in a child process', 'in native code'])(
  'fencing: process, as PID 1, the main thread blocked %s',
  async (blocked) => {
    const folder = await temporaryFolder();
    const journal = new Journal(folder);
    const told = JSON.stringify({ path: join(folder, 'store'), file: journal.file, blocked, seconds: SECONDS });
    const member = new Program([...ownNamespace(), process.execPath, program, told], process.env, 'unshare');
    onTestFinished(() => member.end());
    await member.line(/^pid 1$/);
    await member.line(/^begun$/);
    const { signal } = await member.ended;
    // `unshare` ends by the signal that its child has ended by.
    expect(['SIGTRAP', 'SIGILL', 'SIGSEGV', 'SIGABRT', 'SIGKILL']).toContain(signal);
    // That the work would not stop is said before the lease ends, by a main thread that can.
    expect(member.lines.filter((line) => /^(survived|panic ERR_NOT_KILLED)/.test(line))).toEqual([]);
    expect(journal.lines().map(({ what }) => what)).toEqual(['begin']);
  },
);
