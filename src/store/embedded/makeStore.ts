/** Makes an embedded store, without the driver of MongoDB, which takes longer to load than all else. */
import assert from 'node:assert/strict';
import { systemClock } from '../../time/systemClock.js';
import type { StoreMaker } from '../storeMaker.js';
import { EmbeddedStore } from './embeddedStore.js';
import { Gate } from './gate.js';

export const makeStore: StoreMaker = (options, { commandTimeout }, clock = systemClock, gate = new Gate()) => {
  assert.ok(options.kind === 'embedded');
  return new EmbeddedStore(options, commandTimeout, clock, gate);
};
