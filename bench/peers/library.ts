/** Loads what is installed in bench/peers. The compiler knows nothing of it, so each adapter declares the part that it uses. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { packageFolder } from '../support/packageFolder.js';

const folder = join(packageFolder(), 'bench', 'peers');

export async function library<Library>(name: string): Promise<Library> {
  const { load } = await import(pathToFileURL(join(folder, 'load.js')).href);
  return load(name);
}

/** Returns the version of a package that is installed here, or of our own. */
export function versionOf(name: string): string {
  const path = name === 'mongo-failover' ? packageFolder() : join(folder, 'node_modules', name);
  const { version }: { version: string } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
  return version.replace(/^v/, '');
}
