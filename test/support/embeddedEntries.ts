/** The entries of an embedded store, past the store, as a newer version or a person may write them. */
import { mkdirSync } from 'node:fs';
import { type Entries, openEnvironment } from '../../src/store/embedded/environment.ts';

const MAP_SIZE = 1024 * 1024 * 1024;

interface EmbeddedEntries {
  get(key: Buffer): unknown;
  /** Undefined removes the entry. */
  put(...entries: readonly (readonly [key: Buffer, value: unknown])[]): void;
  transact<T>(run: (entries: Entries) => T): T;
  close(): void;
}

/** `path` should be open in this process for no longer than these entries. */
export function openEntries(path: string): EmbeddedEntries {
  mkdirSync(path, { recursive: true });
  const environment = openEnvironment(path, MAP_SIZE);
  return {
    get: (key) => environment.transact((entries) => entries.get(key)?.value),
    put: (...written) =>
      environment.transact((entries) => {
        for (const [key, value] of written) {
          if (value === undefined) entries.remove(key);
          else entries.put(key, value, (entries.get(key)?.version ?? 0) + 1);
        }
      }),
    transact: (run) => environment.transact(run),
    close: () => environment.close(),
  };
}
