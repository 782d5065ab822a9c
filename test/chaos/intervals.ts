/** A lease that a busy machine keeps, and that a fault outlasts within seconds. In ms. */
export const intervals = { INIT: 0, MASTER: 200, SLAVE: 900, TICKING: 300, POLL: 50, SYNC: 40, ERROR: 200 };
/** Between two batches of tasks that one submitter stores, in ms. */
export const LOAD_EVERY = 500;
/** After so long without a new beat others claim. */
export const LEASE = intervals.SLAVE + intervals.TICKING;
