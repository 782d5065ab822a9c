/** Reads the document of a lease for people: what cannot be read is told, and hides nothing else. */
import { StoreError } from '../errors.js';
import { DocumentReader, type Fields, readableIn } from './documents.js';
import type { LeaseEntry } from './reader.js';
import { TaskReader } from './taskDocuments.js';

/** `where` names the document in messages. */
export function leaseEntry(name: string, document: Fields, where: string): LeaseEntry {
  const at = readableIn(() => new DocumentReader(document, where).date('at'))[0] ?? null;
  try {
    const lease = new DocumentReader({ ...document, recent: [] }, where).lease();
    return { name, lease, state: new TaskReader(document, where).queueState(), at, problem: null };
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return { name, lease: null, state: { done: 0, burial: null }, at, problem: error.message };
  }
}
