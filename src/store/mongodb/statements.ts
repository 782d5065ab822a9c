/** What many subsystems ask of the server, cut into commands of a bounded size. */
import { bson } from '../../task/bson.js';
import type { Fields } from '../documents.js';
import { type PartLimits, partsOf } from '../parts.js';

/** Statements, or leases that are looked at, in one command. */
export const STATEMENTS_MAX = 1000;
/** Of one command. One that is larger holds up the others for too long. */
export const commandLimits: PartLimits = { items: STATEMENTS_MAX, bytes: 512 * 1024 };

export interface Statement {
  readonly q: Fields;
  readonly u: Fields;
  readonly upsert?: boolean;
}

/** In order. */
export function commandsOf<S extends Statement>(statements: readonly S[]): S[][] {
  return partsOf(statements, (statement) => bson.calculateObjectSize(statement), commandLimits);
}
