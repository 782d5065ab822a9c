/**
 * On which stores a suite runs: both, unless MONGO_FAILOVER_STORE names one, because a second server makes no difference
 * to the embedded store.
 */
export const stores: readonly string[] = process.env.MONGO_FAILOVER_STORE?.split(',') ?? ['embedded', 'mongodb'];
