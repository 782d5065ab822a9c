/**
 * Makes docs/images/demo.svg: runs the demo in a terminal of its own (by `script` of util-linux) and draws what was on its
 * screen a moment after each act, and at the end. Nothing is written unless the demo has succeeded.
 *
 * Usage: npm run demo:picture
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { Terminal } from './terminal.mjs';
import { toSvg } from './terminalSvg.mjs';

const FILE = 'docs/images/demo.svg';
const [COLUMNS, ROWS] = [100, 27];
const COMMAND = 'npm start --silent';
/** Each act by a line that tells of it, and the ms after it at which the screen is taken. */
const ACTS = [
  [/is master of term 1/, 2500],
  [/is blocked for/, 2000],
  [/\d, the master, is killed/, 600],
  [/first task began/, 1500],
];

const terminal = new Terminal(COLUMNS, ROWS);
const screens = [];
const seen = new Set();

/** Plans the screen of each act that is on the screen for the first time. */
function look() {
  for (const [pattern, delay] of ACTS) {
    if (seen.has(pattern) || !terminal.text.some((line) => pattern.test(line))) continue;
    seen.add(pattern);
    setTimeout(() => screens.push(terminal.screen), delay);
  }
}

const size = `stty rows ${ROWS} cols ${COLUMNS}`;
const child = spawn('script', ['-qec', `${size} && exec ${COMMAND}`, '/dev/null'], {
  env: { ...process.env, TERM: 'xterm-256color', FORCE_COLOR: '1' },
  stdio: ['pipe', 'pipe', 'inherit'],
});
child.stdout.setEncoding('utf8').on('data', (text) => {
  terminal.write(text);
  look();
});
const [code] = await once(child, 'close');
if (code !== 0 || screens.length !== ACTS.length) {
  console.error(
    `the demo ended with ${code}, and ${screens.length} of ${ACTS.length} acts were seen; nothing is written`,
  );
  console.error(terminal.text.join('\n'));
  process.exit(1);
}
screens.push(terminal.screen);

const svg = toSvg(screens, {
  title: 'npm start',
  description:
    'The demo in a terminal: three members compress files. The main thread of the master is blocked and its heartbeats ' +
    'go on; then the master is killed, another member takes over, and an audit finds that every file was done.',
});
await mkdir('docs/images', { recursive: true });
await writeFile(FILE, svg);
console.log(`${FILE}: ${screens.length} screens, ${Buffer.byteLength(svg)} bytes`);
