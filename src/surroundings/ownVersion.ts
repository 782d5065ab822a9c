/** Which version of this package runs. */
import { createRequire } from 'node:module';

let known: string | undefined;

/** Returns the version in the package.json of this package, which is read once. */
export function ownVersion(): string {
  if (known === undefined) {
    const { version }: { version: string } = createRequire(import.meta.url)('mongo-failover/package.json');
    known = version;
  }
  return known;
}
