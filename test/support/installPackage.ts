/**
 * Installs, once for a suite, what a `package.json` with its lock file names, and the package as npm would publish it. It is
 * kept in .cache, so only the first run takes long.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '..', '..');
/** `npm run` hands its own settings on to the npm that is started here, whose project is another. */
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));

/** Returns the folder whose node_modules has all of them, where it is to be. */
export function installedIn(name: string): string {
  return join(root, '.cache', name);
}

export async function installPackage(from: string, name: string, flags: readonly string[] = []): Promise<void> {
  if (!existsSync(join(root, 'dist/src/index.js'))) throw new Error('Nothing is built; `npm run build` first.');
  const installed = installedIn(name);
  await mkdir(installed, { recursive: true });
  if (!(await isUpToDate(from, installed))) {
    for (const file of ['package.json', 'package-lock.json']) await copyFile(join(from, file), join(installed, file));
    await npm(['ci', ...flags], installed);
  }
  const packed = await npm(['pack', '--ignore-scripts', '--json', '--pack-destination', installed], root);
  const [tarball]: { filename: string }[] = JSON.parse(packed);
  if (tarball === undefined) throw new Error('npm packed nothing');
  await rm(join(installed, 'node_modules', 'mongo-failover'), { recursive: true, force: true });
  await npm(['install', '--no-save', '--prefer-offline', '--force', ...flags, `./${tarball.filename}`], installed);
}

/** Returns true if the lock file is that of the last complete installation. */
async function isUpToDate(from: string, installed: string): Promise<boolean> {
  if (!existsSync(join(installed, 'node_modules', '.package-lock.json'))) return false;
  const [wanted, there] = await Promise.all(
    [from, installed].map((folder) => readFile(join(folder, 'package-lock.json'), 'utf8').catch(() => '')),
  );
  return wanted === there;
}

async function npm(args: readonly string[], cwd: string): Promise<string> {
  const { stdout } = await promisify(execFile)('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd,
    env,
  });
  return stdout;
}
