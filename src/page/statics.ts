/** The files of the page, as they are served: read once, and no other file of the machine is ever named by a request. */
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FailoverError } from '../errors.js';

export interface StaticFile {
  readonly type: string;
  readonly bytes: Uint8Array;
}

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** @throws FailoverError `ERR_BUNDLED` */
export function readStatics(): ReadonlyMap<string, StaticFile> {
  const found = new Map<string, StaticFile>();
  try {
    // The same folder for the CommonJS build, which is beside this one.
    const folder = fileURLToPath(new URL('../../src/page/static/', import.meta.url));
    for (const file of readdirSync(folder)) {
      const type = types[extname(file)];
      if (type !== undefined) found.set(file, { type, bytes: readFileSync(join(folder, file)) });
    }
  } catch (cause) {
    throw missing(cause);
  }
  if (!found.has('index.html')) throw missing(undefined);
  return found;
}

function missing(cause: unknown): FailoverError {
  const text =
    'the files of the page are missing (dist/src/page/static). Deploy the whole folder of the package; mark mongo-failover as external where a bundler takes files apart';
  return new FailoverError('ERR_BUNDLED', text, { cause });
}
