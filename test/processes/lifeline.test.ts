/**
 * Two processes of one machine: the standby holds a connection to the process of the master, which the kernel closes with it.
 * The intervals are so long that a lease which is left to expire would outlast the test.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { socketOf } from '../../src/surroundings/lifelines.ts';
import { processTable, thisProcess } from '../../src/surroundings/processIdentity.ts';
import { Program } from '../support/program.ts';
import { settledStore } from '../support/settledStore.ts';
import { stores } from '../support/stores.ts';

const program = fileURLToPath(new URL('./fixtures/guardedMember.mjs', import.meta.url));
const intervals = { MASTER: 20_000, SLAVE: 300_000, TICKING: 300_000, POLL: 500 };

test.each(stores)('on the store %s, the connection of a standby ends with the master that was killed', async (name) => {
  const { options } = await settledStore(name);
  const start = async (): Promise<Program> => {
    const started = new Program([program, JSON.stringify({ options: { ...options, intervals } })], process.env);
    onTestFinished(() => started.end());
    await started.line(/^state (slave|master) /);
    return started;
  };
  const master = await start();
  const standby = await start();
  const socket = socketNameOf(master);
  await expect.poll(() => connectionsTo(socket)).toBe(1);
  master.kill('SIGKILL');
  await standby.line(/^state master 2$/);
  expect(connectionsTo(socket)).toBe(0);
});

function socketNameOf({ pid = 0 }: Program): string {
  const seen = processTable.look(pid);
  if (typeof seen === 'string') throw new Error(`process ${pid} is ${seen}`);
  return socketOf({ ...thisProcess(), pid, start: seen.start });
}

/** How many the kernel has that were accepted under this name. */
function connectionsTo(socket: string): number {
  const connected = '03';
  const shown = socket.replace('\0', '@');
  const sockets = readFileSync('/proc/net/unix', 'utf8').split('\n');
  return sockets.filter((line) => line.includes(shown) && line.split(/\s+/)[5] === connected).length;
}
