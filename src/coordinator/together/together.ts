/**
 * Sends what many members ask in one turn of the event loop as one call, and answers each by itself. None waits for company:
 * the call goes out when the timers that are due have run. One that asks alone sends its own call, as without all this.
 *
 * A call for many that fails must not cost all of them a second time. So those that it failed for ask in smaller calls from then
 * on, and at last each by itself, until that has succeeded. No more than so many do so at once, and one whose time is over is
 * not sent. Where no lease hangs on it, a call without an answer is no reason for that: more calls would be more for a store
 * that is slow.
 */
import { StoreError } from '../../errors.js';
import type { Clock } from '../../time/clock.js';

/** Into so many parts a call is cut that has failed. */
const PARTS = 8;
/** The calls of single members at once, after calls for many have failed. */
const SINGLE_MAX = 32;
/** Members in one call: at first, at least, and at most. */
const CALL_FIRST = 128;
const CALL_MIN = 16;
const CALL_MAX = 1000;
/** A call that takes less than this share of its limit may be twice as large, and one that takes more than that half. */
const QUICK_SHARE = 1 / 8;
const SLOW_SHARE = 1 / 3;

interface TogetherParts<Asked, Answer> {
  /** Names the call in an error. */
  readonly what: string;
  readonly clock: Clock;
  /** How long a call may take, in ms. */
  readonly limit: number;
  /** Calls back when the timers that are due have run: each has a turn of its own. */
  soon(callback: () => void): void;
  /** Whether a call for many that had no answer in time is split, too, and not only one that was refused. */
  readonly splitsIfSlow: boolean;
  /** Two that are asked at once with one key are asked one by one. */
  keyOf(asked: Asked): string;
  /** Answers in order. An error is that of one alone; if it rejects, it is that of all. */
  all(asked: readonly Asked[]): Promise<readonly (Answer | StoreError)[]>;
  one(asked: Asked): Promise<Answer>;
}

interface Waiting<Asked, Answer> {
  readonly asked: Asked;
  readonly key: string;
  readonly since: number;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

export class Together<Asked, Answer> {
  private waiting: Waiting<Asked, Answer>[] = [];
  /** The keys of those whose call has failed, with how many may be in their next one. */
  private readonly apart = new Map<string, number>();
  private singles: Waiting<Asked, Answer>[] = [];
  private singlesUnderWay = 0;
  /** How many go into one call: as many as the store answers long before the limit. */
  private most = CALL_FIRST;

  constructor(private readonly parts: TogetherParts<Asked, Answer>) {}

  ask(asked: Asked): Promise<Answer> {
    const { clock, keyOf, soon } = this.parts;
    return new Promise((resolve, reject) => {
      this.waiting.push({ asked, key: keyOf(asked), since: clock.now(), resolve, reject });
      if (this.waiting.length === 1) soon(() => this.send());
    });
  }

  /** Takes back what waits to be asked by itself under this key, because something newer goes out now. */
  overtake(key: string): void {
    const late = this.singles.filter((each) => each.key === key);
    if (late.length === 0) return;
    this.singles = this.singles.filter((each) => each.key !== key);
    const text = `the store was not asked for ${this.parts.what}: something newer has gone out before it`;
    for (const { reject } of late) reject(new StoreError('ERR_STORE_UNAVAILABLE', text));
  }

  private send(): void {
    const { waiting } = this;
    this.waiting = [];
    const keys = new Set<string>();
    const bySize = new Map<number, Waiting<Asked, Answer>[]>();
    for (const each of waiting) {
      const size = keys.has(each.key) ? 1 : Math.min(this.most, this.apart.get(each.key) ?? this.most);
      keys.add(each.key);
      const some = bySize.get(size) ?? [];
      some.push(each);
      bySize.set(size, some);
    }
    for (const [size, some] of bySize) {
      if (size === 1) this.singles.push(...some);
      else this.sendParts(size, some);
    }
    this.sendSingles();
  }

  private sendParts(size: number, some: readonly Waiting<Asked, Answer>[]): void {
    for (let at = 0; at < some.length; at += size) {
      const part = some.slice(at, at + size);
      const [first] = part;
      if (part.length === 1 && first !== undefined) void this.sendOne(first);
      else void this.sendAll(part);
    }
  }

  private async sendAll(together: readonly Waiting<Asked, Answer>[]): Promise<void> {
    const failed = ({ key, reject }: Waiting<Asked, Answer>, error: unknown, size = 1): void => {
      if (this.parts.splitsIfSlow || !isUnavailable(error)) this.apart.set(key, size);
      reject(error);
    };
    const { clock, all, what, limit } = this.parts;
    const sentAt = clock.now();
    try {
      const answers = await all(together.map(({ asked }) => asked));
      this.took(clock.now() - sentAt, together.length);
      for (const [index, each] of together.entries()) {
        const answer = answers[index];
        if (answer === undefined) failed(each, new StoreError('ERR_STORE', `the store answered ${what} with nothing`));
        else if (answer instanceof StoreError) failed(each, answer);
        else {
          this.apart.delete(each.key);
          each.resolve(answer);
        }
      }
    } catch (error) {
      // A refusal comes quickly, and is no reason for larger calls.
      this.took(Math.max(clock.now() - sentAt, limit * QUICK_SHARE), together.length);
      const size = Math.max(1, Math.floor(together.length / PARTS));
      for (const each of together) failed(each, error, size);
    }
  }

  private took(ms: number, size: number): void {
    const { limit } = this.parts;
    if (ms > limit * SLOW_SHARE) this.most = Math.max(CALL_MIN, Math.min(this.most, Math.floor(size / 2)));
    else if (ms < limit * QUICK_SHARE && size === this.most) this.most = Math.min(CALL_MAX, 2 * size);
  }

  private async sendOne({ asked, key, resolve, reject }: Waiting<Asked, Answer>): Promise<void> {
    try {
      const answer = await this.parts.one(asked);
      this.apart.delete(key);
      resolve(answer);
    } catch (error) {
      reject(error);
    }
  }

  private sendSingles(): void {
    const { what, clock, limit } = this.parts;
    while (this.singlesUnderWay < SINGLE_MAX) {
      const next = this.singles.shift();
      if (next === undefined) return;
      if (clock.now() - next.since >= limit) {
        const text = `the store was not asked for ${what}: too many calls wait for it, after ${limit} ms`;
        next.reject(new StoreError('ERR_STORE_UNAVAILABLE', text));
        continue;
      }
      this.singlesUnderWay += 1;
      void this.sendOne(next).then(() => {
        this.singlesUnderWay -= 1;
        this.sendSingles();
      });
    }
  }
}

function isUnavailable(error: unknown): boolean {
  return error instanceof StoreError && error.code === 'ERR_STORE_UNAVAILABLE';
}
