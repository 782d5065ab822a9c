/** stop() while work misbehaves: it ends within stopTimeout, the lease is free at once, and the process exits by itself. */
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { open, settledFolder } from '../support/clusters.ts';
import { Events } from '../support/events.ts';
import { Program } from '../support/program.ts';

const program = fileURLToPath(new URL('./fixtures/stopsWhile.mjs', import.meta.url));
const STOP_TIMEOUT = 1000;
/** Of the lease of the program: a tenth of it, and at most this. */
const GRACE = 500;

const acts = ['loop', 'deaf', 'memory', 'buffer', 'exit', 'unhandled', 'nothing', 'throw', 'strayThrow', 'strayReject'];
const port = ['closePort', 'closePortAndLoop', 'exitBeforeExit', 'flood', 'floodOn', 'megabyte', 'printOn'];

const loading = ['throws', 'exits', 'hangs', 'loops'].map((how) => `./loads.mjs?mended=/nowhere&how=${how}`);

test.each([...acts, ...port, './noDefault.mjs', ...loading])('%s', async (act) => {
  const folder = await settledFolder();
  const where = { nodb: { path: `${folder}/store` } };
  const limits = [STOP_TIMEOUT, STOP_TIMEOUT + 2 * GRACE].map(String);
  const started = new Program([program, act, JSON.stringify(where), ...limits], process.env);
  onTestFinished(() => started.end());
  const [, when] = await started.line(/^stopped stopped (.+)$/);
  expect(when).toBe('in time');
  expect(await started.ended).toEqual({ code: 0, signal: null });
  expect(started.lines.filter((line) => line.startsWith('panic'))).toEqual([]);
  // A lease that was not released would be held for longer than this test may take.
  const next = new (open({ folder }).unmanaged)('stops');
  const events = new Events(next);
  await next.run();
  await events.first('master');
  expect(events.states).toEqual(['init', 'master']);
});
