/** Processes for tests in which none is watched. */
import { DeathWatch } from '../../src/coordinator/deathWatch.ts';
import { noLifelines } from '../../src/surroundings/lifelines.ts';
import type { ProcessIdentity, ProcessTable } from '../../src/surroundings/processIdentity.ts';
import type { Clock } from '../../src/time/clock.ts';

/** A process of a system that does not say which one it is. */
export const unknownProcess: ProcessIdentity = { boot: '', namespace: '', pid: 1, start: '' };

/** What a member needs to know of processes, where it can see none of them. */
export function unwatched(clock: Clock): { process: ProcessIdentity; deaths: DeathWatch } {
  const table: ProcessTable = { look: () => 'none' };
  return {
    process: unknownProcess,
    deaths: new DeathWatch({ me: unknownProcess, table, lifelines: noLifelines, clock }),
  };
}
