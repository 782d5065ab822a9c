/** Installs the frameworks of `samples/frameworks` and the package, once for the suite, and compiles the samples there. */
import { execFile } from 'node:child_process';
import { copyFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { installedIn, installPackage } from '../support/installPackage.ts';

const root = join(import.meta.dirname, '..', '..');
/** Where the samples lie, and where they are run. */
export const sources = join(root, 'samples', 'frameworks');
export const installed = installedIn('frameworks');

export default async function setup(): Promise<void> {
  // The types and CommonJS, as npm would publish them.
  await promisify(execFile)('npm', ['run', 'prepack'], { cwd: root });
  // None of them needs a script to be installed, and lmdb brings what it needs for most systems.
  await installPackage(sources, 'frameworks', ['--ignore-scripts']);
  for (const name of await readdir(sources)) {
    if (!/^(?:package|node_modules|dist)/.test(name)) await copyFile(join(sources, name), join(installed, name));
  }
  await rm(join(installed, 'dist'), { recursive: true, force: true });
  try {
    await promisify(execFile)(join(root, 'node_modules', '.bin', 'tsc'), ['-p', installed]);
  } catch (error) {
    throw new Error(`the samples do not compile:\n${Object(error).stdout}`, { cause: error });
  }
}
