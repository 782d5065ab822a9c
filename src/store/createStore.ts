/** Makes a store of either kind, for who has to load both. */
import { makeStore as makeEmbedded } from './embedded/makeStore.js';
import { makeStore as makeMongodb } from './mongodb/makeStore.js';
import type { StoreMaker } from './storeMaker.js';

export const createStore: StoreMaker = (options, ...parts) =>
  options.kind === 'embedded' ? makeEmbedded(options, ...parts) : makeMongodb(options, ...parts);
