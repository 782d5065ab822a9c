/** The documents of successes, in both stores. */
import { DocumentReader, type Fields } from './documents.js';
import type { Success } from './successes.js';

/** Returns the key of its document. No pair of a name and a key has that of another pair. */
export function successId(name: string, key: string): string {
  return `once/${name.length}/${name}/${key}`;
}

/** Returns the fields of its document. None is called `name`: those documents are the records of terms. */
export function storedSuccess({ name, key, term, holder }: Omit<Success, 'at'>): Fields {
  return { subsystem: name, key, under: term, holder };
}

/** Reads the document of a success. */
export function readSuccess(document: unknown, where: string): Success {
  const reader = new DocumentReader(document, where);
  return {
    name: reader.text('subsystem'),
    key: reader.text('key'),
    term: reader.serial('under'),
    holder: reader.text('holder'),
    at: reader.date('at'),
  };
}
