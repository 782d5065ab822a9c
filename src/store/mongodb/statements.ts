/** Statements of updates, cut into commands of a bounded size. */
import { bson } from '../../task/bson.js';
import type { Fields } from '../documents.js';

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
  const commands: S[][] = [];
  let bytes = 0;
  for (const statement of statements) {
    const size = bson.calculateObjectSize(statement);
    const last = commands.at(-1);
    if (last === undefined || last.length >= STATEMENTS_MAX || bytes + size > BYTES_MAX) {
      commands.push([statement]);
      bytes = size;
    } else {
      last.push(statement);
      bytes += size;
    }
  }
  return commands;
}
