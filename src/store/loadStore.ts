/** Makes a store with as little code as it needs: for a process that has loaded none of it, and is in a hurry. */
import type { StoreOptions } from '../options/options.js';
import type { StoreLimits } from './limits.js';
import type { FullStore } from './taskStore.js';

/** Returns the store, not open yet, as `createStore` does. */
export async function loadStore(options: StoreOptions, limits: StoreLimits): Promise<FullStore> {
  if (options.kind === 'embedded') {
    // Without the driver of MongoDB, which takes longer to load than all else.
    const { EmbeddedStore } = await import('./embedded/embeddedStore.js');
    return new EmbeddedStore(options, limits.commandTimeout);
  }
  const { createStore } = await import('./createStore.js');
  return createStore(options, limits);
}
