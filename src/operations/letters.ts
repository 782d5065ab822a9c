/** Dead letters, for who puts them back into the queue, or discards them, without a member. */
import { DeadLetters, errorOf, type FindLetter } from '../coordinator/deadLetters.js';
import { unblockHead } from '../queue/durable/unblockHead.js';
import { PAGE_MAX, type StoreReader } from '../store/reader.js';
import type { FoundDeadLetter, TaskStore } from '../store/taskStore.js';
import type { TaskId } from '../task/task.js';
import type { Clock } from '../time/clock.js';
import type { TakenLetter } from '../wire/takenLetter.js';

export { errorOf } from '../coordinator/deadLetters.js';

/** Between two looks at a letter that a member is putting back, in ms. */
const POLL_MS = 250;

export interface LetterFilter {
  /** Matches the name, code and message of the error. */
  readonly error: RegExp | null;
  readonly limit: number;
}

/** Yields dead letters in the order of their numbers, without payload, a page at a time. */
export async function* eachLetter(
  reader: Pick<StoreReader, 'letters'>,
  name: string,
  { error, limit }: LetterFilter,
): AsyncGenerator<FoundDeadLetter> {
  let [after, left] = [0, limit];
  while (left > 0) {
    const page = await reader.letters(name, { after, limit: PAGE_MAX }, false);
    for (const letter of page) {
      if (error !== null && !error.test(errorOf(letter))) continue;
      yield letter;
      left -= 1;
      if (left <= 0) return;
    }
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE_MAX) return;
    after = last.seq;
  }
}

/**
 * `queued`: it is in the queue again. `known`: a task with this id is queued, so the letter stays. `full`: the queue is, and
 * the letter stays. `none`: there is no such letter any more.
 */
export type Requeued = 'queued' | 'known' | 'full' | 'none';

export class LetterDesk {
  private readonly letters: DeadLetters;

  /** `holder` is unique per process: it names who is handling a letter. */
  constructor(
    private readonly parts: {
      readonly store: TaskStore;
      readonly name: string;
      readonly holder: string;
      readonly maxQueue: number;
      readonly clock: Clock;
    },
  ) {
    this.letters = new DeadLetters({ ...parts, poll: POLL_MS });
  }

  /** Puts the oldest letter of this id back, as `cluster.requeue(id)` does, or the one that `find` returns. */
  async requeue(id: TaskId, find?: FindLetter): Promise<Requeued> {
    const { store, name, maxQueue } = this.parts;
    const add = async ({ bytes, details }: TakenLetter) => {
      const [added] = await store.addTasks(name, [{ id, bytes, details, idRule: 'requeued' }], maxQueue);
      return added === undefined || added.type === 'known' ? 'known' : added.type === 'full' ? 'full' : 'queued';
    };
    const result = await this.letters.requeue(id, add, find);
    return result === 'queued' || result === 'known' || result === 'full' ? result : 'none';
  }

  /** Removes the oldest letter of this id, or the one that `find` returns. Returns false if there is none any more. */
  async discard(id: TaskId, find?: FindLetter): Promise<boolean> {
    // As for putting it back: two who do so do not meet.
    const letter = await this.letters.take(id, find);
    if (typeof letter === 'string') return false;
    await this.letters.finish(letter, 'queued');
    return true;
  }

  /** Gives the head of the queue all its attempts again, if it has this id and was tried. Returns whether it did. */
  unblock(id: TaskId): Promise<boolean> {
    return unblockHead(this.parts.store, this.parts.name, id);
  }
}
