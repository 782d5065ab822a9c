/** The stores as they are built: the embedded one starts a thread, which runs what ships. */
import { makeStore as makeEmbedded } from '../../dist/src/store/embedded/makeStore.js';
import { makeStore as makeMongodb } from '../../dist/src/store/mongodb/makeStore.js';
import type { StoreMaker } from '../../dist/src/store/storeMaker.js';

export { createReader } from '../../dist/src/store/createReader.js';

/** Makes a store of the kind that the options ask for. */
export const createStore: StoreMaker = (options, ...parts) =>
  options.kind === 'embedded' ? makeEmbedded(options, ...parts) : makeMongodb(options, ...parts);
