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
import { logFor } from '../../diagnostics/log.js';
import { StoreError } from '../../errors.js';
import { NotSentError, OvertakenError } from '../../store/notSent.js';
import type { Clock } from '../../time/clock.js';
import { Apart } from './apart.js';
import type { CallSize } from './callSize.js';
import { Lane, type Passenger } from './lane.js';

/** Into so many parts a call is cut that has failed, and one that is asked once more. */
const PARTS = 8;
const AGAIN_PARTS = 4;
/** Calls for many under way at least, with those that have given their turn on; and so many for each turn. */
const CALLS_UNDER_WAY_MIN = 8;
const CALLS_EACH_TURN = 2;
/** Turns, and calls under way, of those that were split: some of them hang, and the others have no time to wait for that. */
const SPLIT_MAX = 32;
const SPLIT_UNDER_WAY_MAX = 64;
/** A call gives its turn on after this share of its limit. */
const TURN_SHARE = 1 / 8;
/** How long one waits for its turn at most, in limits. A read may wait for longer: it sees what is there when it is sent. */
const WAITS = { read: 2, write: 1 } as const;

const log = logFor('failover');

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
  /** Whether it changes nothing, and is asked once more before its members hear that there was no answer. */
  readonly isRead: boolean;
  /** How many go in one call. */
  readonly size: CallSize;
  /** Two that are asked at once with one key are asked one by one. */
  keyOf(asked: Asked): string;
  /** Answers in order. An error is that of one alone; if it rejects, or answers several with one error, it is that of all these. */
  all(asked: readonly Asked[]): Promise<readonly (Answer | StoreError)[]>;
  one(asked: Asked): Promise<Answer>;
  /** Called when it has been handed to the store, and before there is an answer. */
  sent?(asked: Asked): void;
}

interface Waiting<Asked, Answer> extends Passenger {
  readonly asked: Asked;
  /** Whether it is asked once more. */
  readonly isAgain: boolean;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

export class Together<Asked, Answer> {
  private waiting: Waiting<Asked, Answer>[] = [];
  private readonly apart: Apart;
  private readonly split: Lane<Waiting<Asked, Answer>>;
  private readonly calls: Lane<Waiting<Asked, Answer>>;
  /** When the store last answered one of them. */
  private answeredAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly parts: TogetherParts<Asked, Answer>) {
    const { clock, limit, size } = parts;
    const common = {
      ...{ clock, patience: limit * TURN_SHARE, wait: this.longestWait, most: () => size.most },
      send: (members: readonly Waiting<Asked, Answer>[]) => this.sendCall(members),
      refuse: (member: Waiting<Asked, Answer>) => this.refuse(member),
    };
    this.apart = new Apart(clock);
    this.split = new Lane({ ...common, atOnce: () => SPLIT_MAX, underWayMax: () => SPLIT_UNDER_WAY_MAX });
    const underWayMax = () => Math.max(CALLS_UNDER_WAY_MIN, CALLS_EACH_TURN * size.atOnce);
    this.calls = new Lane({ ...common, atOnce: () => size.atOnce, underWayMax });
  }

  /** How long one may wait for its turn, in ms; also one that is asked once more, from the first time on. */
  private get longestWait(): number {
    const { isRead, limit } = this.parts;
    return limit * (isRead ? WAITS.read : WAITS.write);
  }

  ask(asked: Asked): Promise<Answer> {
    const { clock, keyOf, soon } = this.parts;
    return new Promise((resolve, reject) => {
      const key = keyOf(asked);
      const company = this.apart.companyOf(key);
      this.waiting.push({ asked, key, since: clock.now(), company, isAgain: false, resolve, reject });
      if (this.waiting.length === 1) soon(() => this.send());
    });
  }

  /** Takes back what has not been sent under this key, because something newer goes out now. Returns what that was. */
  overtake(key: string): Asked[] {
    const late = this.waiting.filter((each) => each.key === key);
    if (late.length > 0) this.waiting = this.waiting.filter((each) => each.key !== key);
    const text = `the store was not asked for ${this.parts.what}: something newer has gone out before it`;
    const taken = [...late, ...this.split.take(key), ...this.calls.take(key)];
    for (const { reject } of taken) reject(new OvertakenError(text));
    return taken.map(({ asked }) => asked);
  }

  private send(): void {
    const { waiting } = this;
    this.waiting = [];
    const [first] = waiting;
    if (waiting.length === 1 && first !== undefined && first.company > 1) return void this.sendOne(first);
    const keys = new Set<string>();
    const byCompany = new Map<number, Waiting<Asked, Answer>[]>();
    for (const each of waiting) {
      const company = keys.has(each.key) ? 1 : each.company;
      keys.add(each.key);
      const some = byCompany.get(company) ?? [];
      some.push(company === each.company ? each : { ...each, company });
      byCompany.set(company, some);
    }
    for (const [company, some] of byCompany) this.line(company, some);
    this.calls.run();
    this.split.run();
  }

  private line(company: number, some: readonly Waiting<Asked, Answer>[]): void {
    if (company === Number.POSITIVE_INFINITY) return this.calls.add(some);
    const isStuck = ({ key }: Passenger): boolean => company === 1 && this.apart.isStuck(key);
    this.split.add(some.filter((each) => !isStuck(each)));
    for (const each of some.filter(isStuck)) this.split.addDoubtful(each);
  }

  private sendCall(members: readonly Waiting<Asked, Answer>[]): Promise<void> {
    const [first, ...others] = members;
    return first !== undefined && others.length === 0 ? this.sendOne(first) : this.sendAll(members);
  }

  private refuse({ reject, since }: Waiting<Asked, Answer>): void {
    const { what, clock } = this.parts;
    const waited = Math.round(clock.now() - since);
    reject(new NotSentError(`the store was not asked for ${what}: too many calls wait for it, after ${waited} ms`));
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
    if (failed.size === 0) this.parts.size.answered(ms, members.length);
    else this.parts.size.failed(ms, members.length);
    for (const [error, those] of failed) this.failed(error, those, sentAt);
  }

  private async answersOf(
    members: readonly Waiting<Asked, Answer>[],
  ): Promise<readonly ({ readonly value: Answer } | { readonly error: unknown })[]> {
    try {
      const answering = this.parts.all(members.map(({ asked }) => asked));
      // After the call, or it would go out later for being counted.
      for (const { asked } of members) tell(() => this.parts.sent?.(asked));
      const answers = await answering;
      return answers.map((answer) => (answer instanceof StoreError ? { error: answer } : { value: answer }));
    } catch (error) {
      return members.map(() => ({ error }));
    }
  }

  /** One call, or the part of it with one error, has failed for these. */
  private failed(error: unknown, those: readonly Waiting<Asked, Answer>[], sentAt: number): void {
    const { splitsIfSlow, isRead } = this.parts;
    const isSlow = isUnavailable(error);
    const again = isRead && isSlow && those.length > 1 ? those.filter((each) => this.mayAskAgain(each)) : [];
    if (again.length > 0) {
      const company = partOf(again.length, AGAIN_PARTS);
      // Not in the place of those that have waited: a store that is slow has its time.
      this.calls.add(again.map((each) => ({ ...each, company, isAgain: true })));
      this.calls.run();
    }
    const asksAgain = new Set(again);
    const size = partOf(those.length, PARTS);
    const isTheirs = isRead && this.answeredAt >= sentAt;
    for (const each of those) {
      if (asksAgain.has(each)) continue;
      if (splitsIfSlow || isTheirs || !isSlow) this.apart.failed(each.key, size);
      each.reject(error);
    }
  }

  /** Returns whether it has not been asked once more, and there is time for it. */
  private mayAskAgain({ isAgain, since }: Waiting<Asked, Answer>): boolean {
    return !isAgain && this.parts.clock.now() - since < this.longestWait;
  }

  private answered(key: string): void {
    this.answeredAt = this.parts.clock.now();
    this.apart.answered(key);
  }

  /** Never rejects. */
  private async sendOne({ asked, key, resolve, reject }: Waiting<Asked, Answer>): Promise<void> {
    try {
      const answering = this.parts.one(asked);
      tell(() => this.parts.sent?.(asked));
      const answer = await answering;
      this.answered(key);
      resolve(answer);
    } catch (error) {
      if (isUnavailable(error)) this.apart.hangs(key);
      reject(error);
    }
  }
}

/** That who counts what is sent fails changes nothing of what was sent. */
export function tell(listener: () => void): void {
  try {
    listener();
  } catch (error) {
    log('what was sent was not counted: %s', String(error));
  }
}

function partOf(count: number, parts: number): number {
  return Math.max(1, Math.floor(count / parts));
}

function isUnavailable(error: unknown): boolean {
  return error instanceof StoreError && error.code === 'ERR_STORE_UNAVAILABLE';
}
