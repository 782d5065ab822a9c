/**
 * Makes docs/images/top.svg: two processes with members, `top` in a terminal of its own (by `script` of util-linux), a pause,
 * and the death of the master. What was on the screen after each is drawn. It runs what is built.
 *
 * Usage: npm run top:picture
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Terminal } from './terminal.mjs';
import { toSvg } from './terminalSvg.mjs';

const FILE = 'docs/images/top.svg';
const [COLUMNS, ROWS] = [100, 16];
const cli = fileURLToPath(new URL('../dist/src/cli/main.js', import.meta.url));
const member = fileURLToPath(new URL('./topMember.mjs', import.meta.url));
/** No state of a screen takes longer to come, in ms. */
const PATIENCE_MS = 30_000;
/** So much later the screen is taken, in ms. */
const SETTLED_MS = 1500;

const folder = await mkdtemp(join(tmpdir(), 'mongo-failover-top-'));
const path = join(folder, 'store');
const children = [];
const terminal = new Terminal(COLUMNS, ROWS);
const screens = [];

function start(...args) {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  children.push(child);
  return child;
}

/** Waits until a line of the screen matches, and takes the screen a little later. */
async function take(pattern) {
  const end = Date.now() + PATIENCE_MS;
  while (!terminal.text.some((line) => pattern.test(line))) {
    if (Date.now() > end) throw new Error(`no line like ${pattern} in\n${terminal.text.join('\n')}`);
    await sleep(50);
  }
  await sleep(SETTLED_MS);
  screens.push(terminal.screen);
}

try {
  const first = start(member, path, 'fills');
  await sleep(4000);
  start(member, path);
  const command = `stty rows ${ROWS} cols ${COLUMNS} && exec ${process.execPath} ${cli} top --store ${path} --every 500ms`;
  const top = spawn('script', ['-qec', command, '/dev/null'], {
    env: { ...process.env, TERM: 'xterm-256color', FORCE_COLOR: '1' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  top.stdout.setEncoding('utf8').on('data', (text) => terminal.write(text));
  await take(/^billing .* held .* 2$/);
  await promisify(execFile)(process.execPath, [cli, 'pause', 'importer', '--reason', 'the upgrade', '--store', path]);
  await take(/^importer .* paused/);
  first.kill('SIGKILL');
  await take(/^billing +durable +held +\S+ +2 /);
  top.stdin.write('q');
  const [code] = await once(top, 'close');
  if (code !== 0) throw new Error(`top ended with ${code}`);
  const description =
    '`top` in a terminal: three subsystems with two members each. One is paused; then the process of the masters is killed, ' +
    'and the members of the other process are masters.';
  const svg = toSvg(screens, { title: 'npx mongo-failover top', description });
  await mkdir('docs/images', { recursive: true });
  await writeFile(FILE, svg);
  console.log(`${FILE}: ${screens.length} screens, ${Buffer.byteLength(svg)} bytes`);
} finally {
  for (const child of children) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
}
