/** Node's permission model, and what is said when it allows too little. */
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { Program } from '../support/program.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const program = fileURLToPath(new URL('./fixtures/permission.mjs', import.meta.url));
const model = process.allowedNodeEnvironmentFlags.has('--permission') ? '--permission' : '--experimental-permission';

async function start(...flags: string[]): Promise<Program> {
  const folder = await temporaryFolder();
  const started = new Program([...flags, program, `${folder}/store`], process.env);
  onTestFinished(() => started.end());
  return started;
}

test('without the right to start threads, each call rejects with what to do', async () => {
  const started = await start(model, '--allow-fs-read=*');
  await started.line(/^called/);
  const rejected = started.lines.filter((line) => line.startsWith('rejected'));
  expect(rejected).toEqual(
    Array.from({ length: 3 }, () =>
      expect.stringMatching(/^rejected FailoverError ERR_PERMISSION .*--allow-worker.*--allow-addons/),
    ),
  );
});

test.each([
  ['the permission model', [model, '--allow-fs-read=*', '--allow-worker']],
  ['--no-addons', ['--no-addons']],
])('without native addons the embedded store says so: %s', async (_title, flags) => {
  const started = await start(...flags);
  const [line] = await started.line(/^error .*/);
  expect(line).toMatch(/^error ERR_STORE .*LMDB is a native addon.*--allow-addons/);
});
