/** The entries of the outbox in both stores, and the check of every one that is read, as in documents.ts. */
import { asTaskId } from '../task/taskId.js';
import type { Entry, EntryRef } from './outbox.js';
import { TaskReader } from './taskDocuments.js';

export class EntryReader extends TaskReader {
  entryId(): Entry['id'] {
    const id = this.id('key', this.fields.key);
    // Other programs may write -0, which callers cannot name.
    return asTaskId(id) ?? id;
  }

  entry(ref: EntryRef): Entry {
    const { at, due } = this.fields;
    return {
      ...ref,
      id: this.entryId(),
      bytes: this.bytes('payload'),
      at: at === undefined || at === null ? null : this.date('at'),
      marked: due === true,
    };
  }
}
