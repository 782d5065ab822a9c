/**
 * The dead letters of one managed cluster, as `requeue` takes them: they are in the store, wherever the queue is.
 *
 * A letter is queued first and removed then, so a crash in between leaves both. Two members that put back the same letter
 * would both queue it, so a member claims the letter before, by a conditional write. Another member that finds the claim
 * waits for the letter to go. If the same claim stays for `CLAIM_MAX_MS`, its member is taken for dead, and the claim is
 * replaced. That time runs by the clock of the member that waits. A member that needs more than `CLAIM_FRESH_MAX_MS` before it
 * queues the letter gives up, because each call to the store has a limit and its task must be stored by then.
 */

import { type FoundDeadLetter, LETTERS_APART, type TaskStore } from '../store/taskStore.js';
import type { TaskId } from '../task/task.js';
import type { Clock } from '../time/clock.js';
import { pause } from '../time/pause.js';
import type { ListedLetter, SubmitResult } from '../wire/messages.js';
import { mustBeFresh, type TakenLetter } from '../wire/takenLetter.js';

/** How long an unchanged claim of another member is respected, in ms: longer than `CLAIM_FRESH_MAX_MS` and two calls to the store. */
export const CLAIM_MAX_MS = 40_000;

/** Between the first two looks at a letter that another member has claimed, in ms. The pauses double up to POLL. */
const FIRST_PAUSE_MS = 10;

/** Letters in one answer, without their payload. */
const LISTED_MAX = 500;

/** Returns what a filter is matched with, such as `TypeError ERR_X: it failed`. */
export function errorOf({ name, code, message }: Pick<FoundDeadLetter, 'name' | 'code' | 'message'>): string {
  return `${name}${code === undefined ? '' : ` ${code}`}: ${message}`;
}

interface DeadLettersParts {
  readonly store: TaskStore;
  readonly name: string;
  /** Unique per member: claims begin with it. */
  readonly holder: string;
  readonly clock: Clock;
  /** The longest pause between two looks at a letter that another member has claimed, in ms. */
  readonly poll: number;
}

/** Looks for one letter, at each look again. */
export type FindLetter = () => Promise<FoundDeadLetter | null>;

export class DeadLetters {
  private count = 0;
  /** The claims of calls that are under way here. */
  private readonly pending = new Set<string>();

  constructor(private readonly parts: DeadLettersParts) {}

  /**
   * Claims the oldest letter with this id, or the one that `find` returns. `elsewhere`: another call was putting it back, and has.
   */
  async take(id: TaskId, find?: FindLetter): Promise<TakenLetter | 'none' | 'elsewhere'> {
    const { store, name, clock, poll } = this.parts;
    let rival: { readonly seq: number; readonly claim: string | null; readonly since: number } | undefined;
    for (let wait = Math.min(poll, FIRST_PAUSE_MS); ; wait = Math.min(poll, 2 * wait)) {
      const began = clock.sinceBoot();
      const letter = await (find === undefined ? store.oldestDeadLetter(name, id) : find());
      if (letter === null || letter.seq !== (rival?.seq ?? letter.seq))
        return rival === undefined ? 'none' : 'elsewhere';
      const { seq, bytes, details } = letter;
      if (this.isFree(letter, rival?.claim === letter.claim ? rival?.since : undefined)) {
        const claim = await this.claim(letter);
        if (claim !== null) return { seq, bytes, details, claim, began };
      }
      if (rival === undefined || rival.claim !== letter.claim) rival = { seq, claim: letter.claim, since: clock.now() };
      await pause(clock, wait);
    }
  }

  /**
   * Returns a number that the tasks of all letters so far have at most. A letter is written when the queue is done through its
   * task, so higher ones are there only if the lease or the tasks were once dropped and the letters were not: these are read.
   */
  async newest(): Promise<number> {
    const { store, name } = this.parts;
    const { done } = await store.queueState(name);
    for (let [newest, after] = [done, done]; ; ) {
      const page = await store.deadLettersAfter(name, after, LISTED_MAX);
      for (const { seq } of page) newest = Math.max(newest, seq % LETTERS_APART);
      if (page.length < LISTED_MAX) return newest;
      after = page.at(-1)?.seq ?? after;
    }
  }

  /** Returns some letters with numbers above that one, the oldest first. */
  async list(after: number): Promise<ListedLetter[]> {
    const { store, name } = this.parts;
    const found = await store.deadLettersAfter(name, after, LISTED_MAX);
    return found.map((letter) => ({ seq: letter.seq, id: letter.id, error: errorOf(letter) }));
  }

  /** Ends a call: the letter was queued, or it stays. */
  async finish({ seq, claim }: TakenLetter, how: 'queued' | 'stays'): Promise<void> {
    const { store, name } = this.parts;
    this.pending.delete(claim);
    if (how === 'queued') await store.removeDeadLetter(name, seq);
    // The next call from here replaces the claim as well, so a failure costs other members some seconds only.
    else await store.claimDeadLetter(name, seq, claim, null).catch(() => false);
  }

  /** Puts a letter back by `add`, all on this thread, and says what became of it. */
  async requeue(
    id: TaskId,
    add: (letter: TakenLetter) => Promise<SubmitResult>,
    find?: FindLetter,
  ): Promise<SubmitResult | 'none' | 'elsewhere'> {
    const letter = await this.take(id, find);
    if (typeof letter === 'string') return letter;
    let result: SubmitResult;
    try {
      mustBeFresh(letter, this.parts.clock);
      result = await add(letter);
    } catch (error) {
      await this.finish(letter, 'stays');
      throw error;
    }
    await this.finish(letter, result === 'queued' ? 'queued' : 'stays');
    return result;
  }

  /** Returns whether the letter may be claimed. A claim of this member that no call has any more is left over from a failed one. */
  private isFree({ claim }: FoundDeadLetter, since: number | undefined): boolean {
    if (claim === null) return true;
    if (claim.startsWith(`${this.parts.holder}/`)) return !this.pending.has(claim);
    return since !== undefined && this.parts.clock.now() - since >= CLAIM_MAX_MS;
  }

  private async claim({ seq, claim: before }: FoundDeadLetter): Promise<string | null> {
    const { store, name, holder } = this.parts;
    this.count += 1;
    const claim = `${holder}/${this.count}`;
    this.pending.add(claim);
    try {
      if (await store.claimDeadLetter(name, seq, before, claim)) return claim;
    } catch (error) {
      this.pending.delete(claim);
      throw error;
    }
    this.pending.delete(claim);
    return null;
  }
}
