/** Chooses the reader of the store that the options ask for. */
import type { StoreOptions } from '../options/options.js';
import { EmbeddedReader } from './embedded/embeddedReader.js';
import type { StoreReader } from './reader.js';

/** Returns the reader, not open yet. `timeout`: how long one call, and opening, may take, in ms. */
export async function createReader(options: StoreOptions, timeout: number): Promise<StoreReader> {
  if (options.kind === 'embedded') return new EmbeddedReader(options, timeout);
  // The driver takes longer to load than all else.
  const [{ MongodbReader }, { settingsOf }] = await Promise.all([
    import('./mongodb/mongodbReader.js'),
    import('./mongodb/settings.js'),
  ]);
  return new MongodbReader(settingsOf(options, { commandTimeout: timeout, connectTimeout: timeout }));
}
