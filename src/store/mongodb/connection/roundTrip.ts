/** How long the server takes for a small command, as a moving mean, and what follows for commands without an answer. */

/** The part of a new value in the mean. */
const MEAN_SHARE = 0.2;
/** So many means without an answer are a reason for doubt. */
const DOUBTFUL = 3;
/** After this share of a limit a command without an answer is in doubt, in general. */
const LIMIT_SHARE = 0.25;
/** The same for a command for many leases. So one that is slow has all of its limit, unless its connection is found dead before. */
const BATCH_SHARE = 0.5;
/** But after this time at the latest, in ms, unless the server is far. */
const PATIENCE_MAX_MS = 1000;
/** A ping needs no disk and no majority, so less time without an answer is enough; in ms. */
const PING_PATIENCE_MS = 250;

export class RoundTrip {
  /** The mean, in ms; 0 before the first answer. */
  ms = 0;

  took(ms: number): void {
    this.ms = this.ms === 0 ? ms : this.ms + MEAN_SHARE * (ms - this.ms);
  }

  /** Returns how long a command with this limit may go without an answer before its connection is in doubt, in ms. */
  patience(limit: number): number {
    return Math.max(Math.min(PATIENCE_MAX_MS, limit * LIMIT_SHARE), DOUBTFUL * this.ms);
  }

  /** Returns the same for a command for many leases, which may take a good part of its limit. */
  batchPatience(limit: number): number {
    return Math.max(limit * BATCH_SHARE, this.patience(limit));
  }

  /** Returns how long the answer to a ping is waited for before a command goes out on a new connection, in ms. */
  pingPatience(limit: number): number {
    return Math.min(Math.max(PING_PATIENCE_MS, DOUBTFUL * this.ms), limit / DOUBTFUL);
  }
}
