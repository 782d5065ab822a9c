/** What many subsystems ask of the server, cut into commands of a bounded size. */
import { bson } from '../../task/bson.js';
import type { Fields } from '../documents.js';

/** Statements, or leases that are looked at, in one command. */
export const STATEMENTS_MAX = 1000;
/** Of one command. One that is larger holds up the others for too long. */
const BYTES_MAX = 512 * 1024;

export interface Statement {
  readonly q: Fields;
  readonly u: Fields;
  readonly upsert?: boolean;
}

/** In order. */
export function commandsOf<S extends Statement>(statements: readonly S[]): S[][] {
  return partsOf(statements, (statement) => bson.calculateObjectSize(statement));
}

/** Cuts a list, in order; each item has so many bytes. */
export function partsOf<T>(items: readonly T[], bytesOf: (item: T) => number): T[][] {
  const parts: T[][] = [];
  let bytes = 0;
  for (const item of items) {
    const size = bytesOf(item);
    const last = parts.at(-1);
    if (last === undefined || last.length >= STATEMENTS_MAX || bytes + size > BYTES_MAX) {
      parts.push([item]);
      bytes = size;
    } else {
      last.push(item);
      bytes += size;
    }
  }
  return parts;
}
