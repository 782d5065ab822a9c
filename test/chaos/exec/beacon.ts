/**
 * Entry, `beacon.js FILE HOST`: the command under test. It starts a child, and that a grandchild, and each of the three
 * appends a line (host, run, time) every 10 ms. At SIGTERM the first one takes its time, and the others do not listen.
 */
import { spawn } from 'node:child_process';
import { openSync, writeSync } from 'node:fs';

const EVERY_MS = 10;
const TAKES_MS = 200;
const GENERATIONS = 3;

const [file = '', host = '', run = `${process.hrtime.bigint()}`, generation = '1'] = process.argv.slice(2);
const descriptor = openSync(file, 'a');
const write = (): void => {
  const at = Number(process.hrtime.bigint()) / 1e6;
  const term = Number(process.env.FAILOVER_TERM ?? process.env.ETCD_LOCK_REV ?? 0);
  writeSync(descriptor, `${JSON.stringify({ host, run, term, pid: process.pid, at })}\n`);
};
write();
setInterval(write, EVERY_MS);
process.on('SIGTERM', () => {
  if (generation === '1') setTimeout(() => process.exit(0), TAKES_MS);
});
if (Number(generation) < GENERATIONS) {
  const args = [process.argv[1] ?? '', file, host, run, `${Number(generation) + 1}`];
  spawn(process.execPath, args, { stdio: 'ignore' });
}
