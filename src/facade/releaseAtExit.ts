/**
 * Gives the leases of this thread back when it exits: after an uncaught exception, after `process.exit()`, and when nothing
 * is left to do. The thread is blocked meanwhile, and the coordinators, which are threads of their own, go on.
 *
 * One listener serves all coordinators, whose waits overlap, so together they take no longer than the longest of them.
 */

export interface Exiting {
  /** How long the exit may wait, in ms. */
  readonly exitTimeout: number;
  /** Returns whether there is a lease to give back. */
  holdsLease(): boolean;
  /** Asks the coordinator to give all leases back. */
  beginExit(): void;
  /** Blocks this thread until it has, and no longer than `patience` ms. */
  waitForExit(patience: number): void;
}

const registered = new Set<Exiting>();

function releaseAll(): void {
  const began = performance.now();
  const exiting = [...registered].filter((each) => each.holdsLease());
  for (const each of exiting) each.beginExit();
  for (const each of exiting) each.waitForExit(Math.max(0, each.exitTimeout - (performance.now() - began)));
}

/** Has the leases of this coordinator given back when this thread exits. Returns how to undo that. */
export function releaseAtExit(exiting: Exiting): () => void {
  if (exiting.exitTimeout === 0) return () => {};
  if (registered.size === 0) process.on('exit', releaseAll);
  registered.add(exiting);
  return () => {
    registered.delete(exiting);
    if (registered.size === 0) process.off('exit', releaseAll);
  };
}
