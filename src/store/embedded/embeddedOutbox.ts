/** The tasks that are due later in the embedded store, as the coordinator sees them. No other program writes there. */
import type { BadEntry, Entry, EntryRef, NewEntry, OutboxStore } from '../outbox.js';
import type { StoreCaller } from './storeThread.js';
import { packEntries } from './taskBytes.js';

export class EmbeddedOutbox implements OutboxStore {
  constructor(private readonly thread: Pick<StoreCaller, 'call'>) {}

  putEntries(name: string, entries: readonly NewEntry[]): Promise<boolean[]> {
    return this.thread.call('putEntries', [name, packEntries(entries)]);
  }

  namesWaiting(names: readonly string[], now: Date): Promise<string[]> {
    return this.thread.call('namesWaiting', [names, now]);
  }

  readEntries(name: string, now: Date, most: number): Promise<(Entry | BadEntry)[]> {
    return this.thread.call('readEntries', [name, now, most]);
  }

  async markEntries(name: string, entries: readonly EntryRef[]): Promise<void> {
    await this.thread.call('markEntries', [name, entries.map(({ key }) => String(key))]);
  }

  async refuseEntries(name: string, entries: readonly BadEntry[]): Promise<void> {
    const refused = entries.map(({ key, problem }) => [String(key), problem] as const);
    await this.thread.call('refuseEntries', [name, refused]);
  }

  async removeEntries(name: string, entries: readonly EntryRef[]): Promise<void> {
    await this.thread.call('removeEntries', [name, entries.map(({ key, origin }) => [String(key), origin] as const)]);
  }

  async outboxPlace(): Promise<null> {
    return null;
  }
}
