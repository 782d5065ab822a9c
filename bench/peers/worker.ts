/** Entry: a worker of any system. The runner sends it orders by signals. */
import { settingsOf, tell } from '../support/entry.js';
import { obeySignals } from './orders.js';
import type { Place, System } from './system.js';
import { type SystemName, systems } from './systems.js';

export interface WorkerSettings {
  readonly system: SystemName;
  readonly place: Place;
}

export interface WorkerMessage {
  readonly type: 'ready';
}

const { system, place } = settingsOf<WorkerSettings>();
obeySignals();
const { work }: System = systems[system];
await work(place);
await tell<WorkerMessage>({ type: 'ready' });
