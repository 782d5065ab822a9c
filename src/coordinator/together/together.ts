/**
 * Sends what many members ask in one turn of the event loop as one call, and answers each by itself. None waits for company:
 * the call goes out when the timers that are due have run. One that asks alone sends its own call, as without all this.
 *
 * A call for many that fails must not cost all of them a second time. So those that it failed for ask in smaller calls from then
 * on, and at last each by itself, until that has succeeded. Calls take turns (`lane.ts`), and one whose time is over is not sent.
 * Where no lease hangs on it, a call without an answer is no reason for smaller ones: more calls would be more for a store that is
 * slow. But a read is asked once more, in parts, before its members hear of it: one slow command is not worth the error of a
 * thousand members. If the store answers others then, it is not the store that is slow, and these are split, too.
 */
import { StoreError } from '../../errors.js';
import type { Clock } from '../../time/clock.js';
import { CallSize } from './callSize.js';
import { type Job, Lane } from './lane.js';

/** Into so many parts a call is cut that has failed, and one that is asked once more. */
const PARTS = 8;
const AGAIN_PARTS = 4;
/** Calls for many at once, and with those that have given their turn on. */
const CALLS_MAX = 2;
const CALLS_UNDER_WAY_MAX = 8;
/** The same of a store that takes all that wait into one transaction. */
const LOCAL_CALLS_MAX = 32;
/** The same of those that were split: some of them hang, and the others have no time to wait for that. */
const SPLIT_MAX = 32;
const SPLIT_UNDER_WAY_MAX = 64;
/** A call gives its turn on after this share of its limit. */
const TURN_SHARE = 1 / 8;

interface TogetherParts<Asked, Answer> {
  /** Names the call in an error. */
  readonly what: string;
  readonly clock: Clock;
  /** How long a call may take, in ms. */
  readonly limit: number;
  /**
   * Whether the store takes all calls that wait into one transaction, whose cost is the wait for the disk: smaller calls, one after
   * another, would only be more of them.
   */
  readonly isLocal?: boolean;
  /** Calls back when the timers that are due have run: each has a turn of its own. */
  soon(callback: () => void): void;
  /** Whether a call for many that had no answer in time is split, too, and not only one that was refused. */
  readonly splitsIfSlow: boolean;
  /** Whether it changes nothing, and is asked once more before its members hear that there was no answer. */
  readonly isRead: boolean;
  /** Two that are asked at once with one key are asked one by one. */
  keyOf(asked: Asked): string;
  /** Answers in order. An error is that of one alone; if it rejects, or answers several with one error, it is that of all these. */
  all(asked: readonly Asked[]): Promise<readonly (Answer | StoreError)[]>;
  one(asked: Asked): Promise<Answer>;
}

interface Waiting<Asked, Answer> {
  readonly asked: Asked;
  readonly key: string;
  readonly since: number;
  /** Whether it is asked once more. */
  readonly isAgain: boolean;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

interface Call<Asked, Answer> extends Job {
  readonly members: readonly Waiting<Asked, Answer>[];
}

export class Together<Asked, Answer> {
  private waiting: Waiting<Asked, Answer>[] = [];
  /** The keys of those whose call has failed, with how many may be in their next one. */
  private readonly apart = new Map<string, number>();
  /** The keys of those whose own call had no answer. */
  private readonly stuck = new Set<string>();
  private readonly split: Lane<Call<Asked, Answer>>;
  private readonly calls: Lane<Call<Asked, Answer>>;
  private readonly size: CallSize;
  /** When the store last answered one of them. */
  private answeredAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly parts: TogetherParts<Asked, Answer>) {
    const { clock, limit, isRead, isLocal = false } = parts;
    const atOnce = isLocal ? LOCAL_CALLS_MAX : CALLS_MAX;
    // A read may wait for longer: it sees what is there when it is sent.
    const common = { clock, patience: limit * TURN_SHARE, wait: isRead ? 2 * limit : limit };
    this.split = new Lane({ ...common, atOnce: SPLIT_MAX, underWayMax: SPLIT_UNDER_WAY_MAX });
    this.calls = new Lane({ ...common, atOnce, underWayMax: Math.max(atOnce, CALLS_UNDER_WAY_MAX) });
    this.size = new CallSize(limit, isLocal);
  }

  ask(asked: Asked): Promise<Answer> {
    const { clock, keyOf, soon } = this.parts;
    return new Promise((resolve, reject) => {
      this.waiting.push({ asked, key: keyOf(asked), since: clock.now(), isAgain: false, resolve, reject });
      if (this.waiting.length === 1) soon(() => this.send());
    });
  }

  /** Takes back what has not been sent under this key, because something newer goes out now. */
  overtake(key: string): void {
    const late: Waiting<Asked, Answer>[] = [];
    const others = (members: readonly Waiting<Asked, Answer>[]): Waiting<Asked, Answer>[] => {
      late.push(...members.filter((each) => each.key === key));
      return members.filter((each) => each.key !== key);
    };
    this.waiting = others(this.waiting);
    for (const lane of [this.split, this.calls]) {
      lane.change((call) => {
        if (!call.members.some((each) => each.key === key)) return call;
        const left = others(call.members);
        return left.length === 0 ? null : this.call(left);
      });
    }
    const text = `the store was not asked for ${this.parts.what}: something newer has gone out before it`;
    for (const { reject } of late) reject(new StoreError('ERR_STORE_UNAVAILABLE', text));
  }

  private send(): void {
    const { waiting } = this;
    const { most } = this.size;
    this.waiting = [];
    const keys = new Set<string>();
    const bySize = new Map<number, Waiting<Asked, Answer>[]>();
    for (const each of waiting) {
      const size = keys.has(each.key) ? 1 : Math.min(most, this.apart.get(each.key) ?? most);
      keys.add(each.key);
      const some = bySize.get(size) ?? [];
      some.push(each);
      bySize.set(size, some);
    }
    for (const [size, some] of bySize) this.sendParts(size, some, size < most);
    this.calls.run();
    this.split.run();
  }

  private sendParts(size: number, some: readonly Waiting<Asked, Answer>[], isSplit: boolean): void {
    for (let at = 0; at < some.length; at += size) {
      const part = some.slice(at, at + size);
      const [first] = part;
      if (part.length === 1 && size > 1 && first !== undefined) void this.sendOne(first);
      else if (isSplit) this.split.add(this.call(part), size === 1 && first !== undefined && this.stuck.has(first.key));
      else this.calls.add(this.call(part));
    }
  }

  private call(members: readonly Waiting<Asked, Answer>[]): Call<Asked, Answer> {
    const [first] = members;
    const isSingle = members.length === 1 && first !== undefined;
    return {
      members,
      since: Math.min(...members.map(({ since }) => since)),
      send: () => (isSingle ? this.sendOne(first) : this.sendAll(members)),
      refuse: () => this.refuse(members),
    };
  }

  private refuse(members: readonly Waiting<Asked, Answer>[]): void {
    const { what, clock } = this.parts;
    for (const { reject, since } of members) {
      const text = `the store was not asked for ${what}: too many calls wait for it, after ${Math.round(clock.now() - since)} ms`;
      reject(new StoreError('ERR_STORE_UNAVAILABLE', text));
    }
  }

  /** Never rejects. */
  private async sendAll(members: readonly Waiting<Asked, Answer>[]): Promise<void> {
    const { clock, what } = this.parts;
    const sentAt = clock.now();
    const answers = await this.answersOf(members);
    const failed = new Map<unknown, Waiting<Asked, Answer>[]>();
    for (const [index, each] of members.entries()) {
      const answer = answers[index] ?? {
        error: new StoreError('ERR_STORE', `the store answered ${what} with nothing`),
      };
      if ('value' in answer) {
        this.answered(each.key);
        each.resolve(answer.value);
      } else {
        const those = failed.get(answer.error) ?? [];
        those.push(each);
        failed.set(answer.error, those);
      }
    }
    const ms = clock.now() - sentAt;
    if (failed.size === 0) this.size.answered(ms, members.length);
    else this.size.failed(ms, members.length);
    for (const [error, those] of failed) this.failed(error, those, sentAt);
  }

  private async answersOf(
    members: readonly Waiting<Asked, Answer>[],
  ): Promise<readonly ({ readonly value: Answer } | { readonly error: unknown })[]> {
    try {
      const answers = await this.parts.all(members.map(({ asked }) => asked));
      return answers.map((answer) => (answer instanceof StoreError ? { error: answer } : { value: answer }));
    } catch (error) {
      return members.map(() => ({ error }));
    }
  }

  /** One call, or the part of it with one error, has failed for these. */
  private failed(error: unknown, those: readonly Waiting<Asked, Answer>[], sentAt: number): void {
    const { splitsIfSlow, isRead, clock } = this.parts;
    const isSlow = isUnavailable(error);
    if (isRead && isSlow && those.length > 1 && those.every(({ isAgain }) => !isAgain)) {
      const again = those.map((each) => ({ ...each, since: clock.now(), isAgain: true }));
      // Not in the place of those that have waited: a store that is slow has its time.
      this.sendParts(partOf(again.length, AGAIN_PARTS), again, false);
      return this.calls.run();
    }
    const size = partOf(those.length, PARTS);
    const isTheirs = isRead && this.answeredAt >= sentAt;
    for (const { key, reject } of those) {
      if (splitsIfSlow || isTheirs || !isSlow) this.apart.set(key, size);
      reject(error);
    }
  }

  private answered(key: string): void {
    this.answeredAt = this.parts.clock.now();
    this.apart.delete(key);
  }

  /** Never rejects. */
  private async sendOne({ asked, key, resolve, reject }: Waiting<Asked, Answer>): Promise<void> {
    try {
      const answer = await this.parts.one(asked);
      this.answered(key);
      this.stuck.delete(key);
      resolve(answer);
    } catch (error) {
      if (isUnavailable(error)) this.stuck.add(key);
      reject(error);
    }
  }
}

function partOf(count: number, parts: number): number {
  return Math.max(1, Math.floor(count / parts));
}

function isUnavailable(error: unknown): boolean {
  return error instanceof StoreError && error.code === 'ERR_STORE_UNAVAILABLE';
}
