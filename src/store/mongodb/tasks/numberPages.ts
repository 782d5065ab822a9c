/**
 * Goes through what is stored of one subsystem by its numbers. Some servers sort all that a filter finds before they take the first
 * of it, as DocumentDB does. So each find has a range of numbers of its own, and the range ends what the find costs.
 */
import type { Fields } from '../../documents.js';
import type { Commands } from '../commands.js';
import { majority, TASKS } from './taskReads.js';

/** Documents in one page, and numbers in the range of the first. */
export const PAGE = 2000;
/** By how much the next range is wider, as long as little is found: numbers that are gone must not be paged through. */
const WIDER = 16;
const LITTLE = PAGE / 8;

/** Where a walk is. */
export interface Walk {
  /** All up to this number were seen. */
  from: number;
  width: number;
}

export function walkFrom(from: number): Walk {
  return { from, width: PAGE };
}

export class NumberPages {
  /** No wider range is asked for: a wider one has failed, as so much may be in it. */
  private widest = Number.POSITIVE_INFINITY;

  constructor(private readonly commands: Commands) {}

  /** Returns the next documents up to the number `to`, in their order and without payloads, and moves the walk behind them. */
  async next(what: string, name: string, walk: Walk, to: number): Promise<Fields[]> {
    const width = Math.min(walk.width, this.widest);
    const through = Math.min(walk.from + width, to);
    const found = await this.find(what, { name, seq: { $gt: walk.from, $lte: through } }).catch((error: unknown) => {
      this.widest = Math.max(PAGE, width / WIDER);
      throw error;
    });
    if (width === this.widest) this.widest *= 2;
    const last = found.at(-1)?.seq;
    if (found.length === PAGE && typeof last === 'number') Object.assign(walk, { from: last, width: PAGE });
    else Object.assign(walk, { from: through, width: found.length < LITTLE ? WIDER * width : width });
    return found;
  }

  private find(what: string, filter: Fields): Promise<Fields[]> {
    const projection = { seq: 1, kept: 1, uniqueUntil: 1, format: 1 };
    return this.commands.find(what, TASKS, filter, { sort: { seq: 1 }, limit: PAGE, projection, ...majority });
  }
}
