/** Makes a store where a thread may wait for its code. */
import type { StoreOptions } from '../options/options.js';
import type { StoreLimits } from './limits.js';
import type { FullStore } from './taskStore.js';

/** Returns the store, not open yet, as a `StoreMaker` does. */
export async function loadStore(options: StoreOptions, limits: StoreLimits): Promise<FullStore> {
  const { makeStore } = await (options.kind === 'embedded'
    ? import('./embedded/makeStore.js')
    : import('./mongodb/makeStore.js'));
  return makeStore(options, limits);
}
