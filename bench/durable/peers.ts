/** The peers: installed from bench/peers when they are first needed, and run as processes of their own. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { run } from '../../test/servers/programs.js';
import { reportOf } from '../support/child.js';
import { packageFolder } from '../support/packageFolder.js';
import type { RateReport } from './messages.js';

const folder = join(packageFolder(), 'bench', 'peers');

/** Rejects with npm's words when they cannot be installed. */
export async function installPeers(progress: (text: string) => void): Promise<void> {
  if (areInstalled()) return;
  progress('installing the peers (npm ci in bench/peers)');
  // A pre-built addition of theirs comes as a package, so no script has to run.
  await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder });
}

/** Whether all are there, in the versions that are fixed. npm writes its list when an installation is complete. */
function areInstalled(): boolean {
  if (!existsSync(join(folder, 'node_modules', '.package-lock.json'))) return false;
  const { dependencies } = read(folder);
  return Object.entries(dependencies).every(([name, version]) => {
    const path = join(folder, 'node_modules', name);
    return existsSync(path) && read(path).version.replace(/^v/, '') === version;
  });
}

function read(path: string): { version: string; dependencies: Record<string, string> } {
  return JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
}

export function peerRates(file: 'agenda.js' | 'bullmq.js', settings: unknown): Promise<RateReport> {
  return reportOf<RateReport>(pathToFileURL(join(folder, file)), settings);
}
