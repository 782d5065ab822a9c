/** What most tests of the built library begin with: a store of their own, and a `failover` that is closed after the test. */
import { join } from 'node:path';
import { type Failover, type FailoverOptions, failover } from 'mongo-failover';
import { onTestFinished } from 'vitest';
import { settle } from './settled.ts';
import { temporaryFolder } from './temporaryFolder.ts';

export { temporaryFolder };

/** A lease that outlasts whatever a busy machine does to its disk and its threads: for tests that wait for no lease to run out. */
export const calm = { MASTER: 500, SLAVE: 20_000, TICKING: 10_000, POLL: 50, SYNC: 25, ERROR: 200 };
/**
 * For tests that wait for one to run out. They use the server, because a beat of the embedded store waits for the disk,
 * and one that others keep busy may take longer than this.
 */
export const short = { MASTER: 200, SLAVE: 1000, TICKING: 500, POLL: 50, SYNC: 25, ERROR: 200 };

/** A folder that is gone after the test, with a settled store for `open` in it. */
export async function settledFolder(): Promise<string> {
  const folder = await temporaryFolder();
  await settle({ kind: 'embedded', path: storeIn(folder) });
  return folder;
}

function storeIn(folder: string): string {
  return join(folder, 'store');
}

/** On the embedded store in `folder` unless `options` say where; on `calm` intervals unless they say which. */
export function open(options: FailoverOptions & { folder?: string }): Failover {
  const { folder, ...others } = options;
  const opened = failover({
    ...(folder === undefined ? {} : { nodb: { path: storeIn(folder) } }),
    intervals: calm,
    ...others,
  });
  onTestFinished(() => opened.close());
  return opened;
}
