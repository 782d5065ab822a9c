/** The embedded store for people who look: a store that is not there is not made. */
import { existsSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { StoreError } from '../../errors.js';
import type { TaskId } from '../../task/task.js';
import type { Clock } from '../../time/clock.js';
import { systemClock } from '../../time/systemClock.js';
import { type EmbeddedFacts, ROUND_TRIPS_MEASURED } from '../facts.js';
import type { Drain, SeenOrders } from '../orders.js';
import { type LeaseEntry, type LetterEntry, NO_BYTES, type Page, type StoreReader, type TermEntry } from '../reader.js';
import type { StoredSchedule } from '../schedules.js';
import type { SeenOutbox } from '../seenOutbox.js';
import type { Member } from '../store.js';
import type { OutcomeLook, StoredTask } from '../taskStore.js';
import { Gate } from './gate.js';
import { type EmbeddedPlace, placeNow } from './place.js';
import { type StoreCaller, StoreThread } from './storeThread.js';
import { unpackStored } from './taskBytes.js';

/** @throws StoreError `ERR_STORE_UNAVAILABLE` if there is no embedded store in that place */
export function mustBeThere(place: EmbeddedPlace): void {
  const path = placeNow(place);
  if (existsSync(join(path, 'data.mdb'))) return;
  throw new StoreError('ERR_STORE_UNAVAILABLE', `there is no embedded store in ${path}: no member has made one there`);
}

export class EmbeddedReader implements StoreReader {
  readonly label: string;
  private readonly thread: Pick<StoreCaller, 'call' | 'close'>;

  constructor(
    private readonly place: EmbeddedPlace,
    private readonly commandTimeout: number,
    private readonly clock: Clock = systemClock,
  ) {
    this.label = placeNow(place);
    this.thread = new StoreThread({ place, text: this.label, commandTimeout, clock, gate: new Gate() });
  }

  async open(): Promise<void> {
    mustBeThere(this.place);
    await this.thread.call('open', [], this.commandTimeout);
  }

  close(): Promise<void> {
    return this.thread.close();
  }

  leases(page: Page<string>): Promise<LeaseEntry[]> {
    return this.thread.call('inspectLeases', [page]);
  }

  leasesOf(names: readonly string[]): Promise<LeaseEntry[]> {
    return this.thread.call('inspectLeasesOf', [names]);
  }

  terms(name: string, limit: number): Promise<TermEntry[]> {
    return this.thread.call('inspectTerms', [name, limit]);
  }

  members(name: string | null): Promise<Member[]> {
    return this.thread.call('inspectMembers', [name]);
  }

  orders(names: readonly string[]): Promise<SeenOrders[]> {
    return this.thread.call('readOrders', [names.map((name) => ({ name }))]);
  }

  drains(): Promise<Drain[]> {
    return this.thread.call('listDrains', []);
  }

  highestTask(name: string): Promise<number> {
    return this.thread.call('inspectHighestTask', [name]);
  }

  taskNames(except: readonly string[], limit: number): Promise<string[]> {
    return this.thread.call('inspectTaskNames', [except, limit]);
  }

  outcomes(name: string, ids: readonly TaskId[]): Promise<OutcomeLook> {
    return this.thread.call('readOutcomes', [name, ids, []]);
  }

  async tasks(name: string, page: Page<number>, withPayload: boolean): Promise<StoredTask[]> {
    return unpackStored(await this.thread.call('inspectTasks', [name, page, withPayload]));
  }

  async countLetters(name: string, max: number): Promise<number> {
    return Math.min(max, await this.thread.call('countDeadLetters', [name]));
  }

  letters(name: string, page: Page<number>, withPayload: boolean): Promise<LetterEntry[]> {
    return this.thread.call('inspectLetters', [name, page, withPayload]);
  }

  async letterOf(name: string, id: TaskId): Promise<LetterEntry | null> {
    const letter = await this.thread.call('oldestDeadLetter', [name, id]);
    return letter === null ? null : { ...letter, bytes: NO_BYTES };
  }

  schedules(name: string): Promise<StoredSchedule[]> {
    return this.thread.call('readSchedules', [name, null]);
  }

  async letterAt(name: string, seq: number): Promise<LetterEntry | null> {
    const [letter] = await this.thread.call('inspectLetters', [name, { after: seq - 1, limit: 1 }, true]);
    return letter?.seq === seq ? letter : null;
  }

  /** Only members write there, so names that none has are not looked for. */
  outbox(known: readonly string[], before: Date): Promise<SeenOutbox> {
    return this.thread.call('inspectOutbox', [known, before]);
  }

  async clockAhead(): Promise<'none'> {
    return 'none';
  }

  async examine(): Promise<EmbeddedFacts> {
    const roundTrips: number[] = [];
    for (let count = 0; count < ROUND_TRIPS_MEASURED; count++) {
      const from = this.clock.now();
      await this.thread.call('inspectLeasesOf', [[]]);
      roundTrips.push(this.clock.now() - from);
    }
    return { kind: 'embedded', label: this.label, roundTrips, ...spaceOf(this.label) };
  }
}

function spaceOf(path: string): Pick<EmbeddedFacts, 'size' | 'free'> {
  try {
    const { bavail, bsize } = statfsSync(path);
    return { size: statSync(join(path, 'data.mdb')).size, free: bavail * bsize };
  } catch {
    // Not every file system says.
    return { size: null, free: null };
  }
}
