/** The package runs under Yarn's Plug'n'Play, where packages are in archives and only `import()` finds them. */
import { execFile } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { installed } from './install.ts';
import { body, project, run } from './program.ts';

const yarn = join(installed, 'node_modules/@yarnpkg/cli-dist/bin/yarn.js');

test('a program runs from archives', async () => {
  const tarball = (await readdir(installed)).find((name) => name.endsWith('.tgz'));
  const manifest = { private: true, dependencies: { 'mongo-failover': `file:${join(installed, String(tarball))}` } };
  const main = `import { failover } from 'mongo-failover';\n${body('process.env.WORK')}`;
  const folder = await project({ 'main.mjs': main, 'work.mjs': 'export default () => true;' }, []);
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
  await writeFile(join(folder, 'yarn.lock'), '');
  const { stdout: registry } = await promisify(execFile)('npm', ['config', 'get', 'registry']);
  const env = {
    ...process.env,
    YARN_ENABLE_TELEMETRY: '0',
    YARN_ENABLE_IMMUTABLE_INSTALLS: 'false',
    YARN_ENABLE_GLOBAL_CACHE: 'false',
    YARN_NPM_REGISTRY_SERVER: registry.trim(),
  };
  await promisify(execFile)(process.execPath, [yarn, 'install'], { cwd: folder, env });
  expect(await readdir(folder)).toContain('.pnp.cjs');
  // By way of `yarn node`, which hands its hooks to all threads.
  expect(await run([yarn, 'node', 'main.mjs'], folder)).toBe('ok');
});
