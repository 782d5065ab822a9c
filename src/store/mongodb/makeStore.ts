/** Makes a store on MongoDB. */
import assert from 'node:assert/strict';
import { systemClock } from '../../time/systemClock.js';
import type { StoreMaker } from '../storeMaker.js';
import { MongodbStore } from './mongodbStore.js';
import { settingsOf } from './settings.js';

export const makeStore: StoreMaker = (options, limits, clock = systemClock, _gate, watcher = {}) => {
  assert.ok(options.kind === 'mongodb');
  const { commandTimeout, connectTimeout = 2 * commandTimeout } = limits;
  return new MongodbStore(settingsOf(options, { ...limits, connectTimeout }), clock, watcher);
};
