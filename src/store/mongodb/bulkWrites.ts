/**
 * Updates of many documents in one `bulkWrite`, which MongoDB has from 8.0 on. Its answer says of each whether it has matched, where
 * that of an `update` is their sum. A server that refuses the command is asked by `update` until the next connection: its user
 * may have no right to it, or the versioned API may not have it.
 */
import type { StoreError } from '../../errors.js';
import { type Fields, isFields } from '../documents.js';
import type { Commands } from './commands.js';
import type { Statement } from './statements.js';
import { serverCode, writeError } from './storeErrors.js';

/** The wire version of MongoDB 8.0. */
const WIRE_VERSION = 25;
/** What a server answers that does nothing of the command: Unauthorized, CommandNotFound, InvalidOptions, APIStrictError, unknown field. */
const REFUSALS = [13, 59, 72, 323, 40_415];

/** Whether a statement has matched, or its error; null: the answer does not say. */
export type Outcome = boolean | StoreError | null;

export class BulkWrites {
  private isRefused = false;

  constructor(
    private readonly commands: Commands,
    /** Returns what the server understands, by the version of its protocol. */
    private readonly wireVersion: () => number,
  ) {}

  /** Another server may answer by now. */
  reconnected(): void {
    this.isRefused = false;
  }

  /** Makes updates of one document each, that do not depend on each other. Returns null if the server has no such command. */
  async update(what: string, collection: string, updates: readonly Statement[]): Promise<Outcome[] | null> {
    if (this.isRefused || this.wireVersion() < WIRE_VERSION) return null;
    const { settings } = this.commands;
    const command = {
      bulkWrite: 1,
      ops: updates.map(({ q, u }) => ({ update: 0, filter: q, updateMods: u, multi: false })),
      nsInfo: [{ ns: `${settings.database}.${collection}` }],
      ordered: false,
      errorsOnly: false,
    };
    try {
      return this.outcomesIn(what, await this.commands.write(what, command), updates.length);
    } catch (error) {
      if (!REFUSALS.includes(serverCode(error) ?? 0)) throw error;
      this.isRefused = true;
      return null;
    }
  }

  /** What is on a second page of the answer stays unknown; a thousand statements have room on the first one. */
  private outcomesIn(what: string, { cursor }: Fields, sent: number): Outcome[] {
    const told = isFields(cursor) ? cursor.firstBatch : undefined;
    if (!Array.isArray(told)) throw this.commands.strange(what);
    const outcomes: Outcome[] = Array.from({ length: sent }, () => null);
    for (const each of told) {
      const { idx, ok, n, code, errmsg } = isFields(each) ? each : {};
      const isOne = typeof idx === 'number' && idx in outcomes;
      if (!isOne || (ok === 1 && n !== 0 && n !== 1)) throw this.commands.strange(what);
      outcomes[idx] = ok === 1 ? n === 1 : writeError(code, errmsg, what, this.commands.settings);
    }
    return outcomes;
  }
}
