/**
 * Whether this member lets another standby claim first, from the signs that it sees. Pure: signs and time are handed in.
 *
 * The standby of the highest priority signs in the store, every SIGN_MASTERS × MASTER; one that sees a sign of a lower priority
 * signs over it. A sign counts while it is seen to change: its writer lives. Nothing is signed while all have the default.
 * It costs a lower member a wait, and no member ever claims because of it.
 */
import { PRIORITY_DEFAULT } from '../../options/orders.js';
import type { Preferred } from '../../store/orders.js';

/** In MASTER. */
const SIGN_MASTERS = 2;
/** In MASTER, too. A member signs with a look and sees signs with a look: a sign may come late, and be seen late. */
const SILENCE_MASTERS = 6;

export class Preference {
  private sign: Preferred | null = null;
  /** When this sign was first seen. */
  private seenAt = Number.NEGATIVE_INFINITY;
  /** When its writer was last seen to sign again; null: the sign may be as old as the store. */
  private changedAt: number | null = null;
  /** Whether a member of a lower priority has ever signed. */
  private seenLower = false;
  private count = 0;
  private signedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly holder: string,
    private readonly priority: number,
    /** MASTER, in ms. */
    private readonly master: number,
  ) {}

  /** Takes the sign that one look has found. */
  observe(sign: Preferred | null, now: number): void {
    const before = this.sign;
    this.sign = sign;
    if (sign === null || sign.holder === this.holder) return;
    if (sign.priority < this.priority) this.seenLower = true;
    const isOfAnother = before?.holder !== sign.holder;
    if (!isOfAnother && before?.count === sign.count) return;
    this.seenAt = now;
    this.changedAt = isOfAnother ? null : now;
  }

  /** Returns whether a living standby is to claim before this one. */
  defers(now: number): boolean {
    return this.otherLives(now) && (this.sign?.priority ?? 0) > this.priority;
  }

  /** Returns what to sign now, as a standby that may claim; null: nothing. */
  next(name: string, now: number): Preferred | null {
    const { holder, priority, sign } = this;
    const isDefault = priority === PRIORITY_DEFAULT && !this.seenLower;
    if (priority === 0 || isDefault || now < this.signedAt + SIGN_MASTERS * this.master) return null;
    // Not over one that is new: both would sign over each other for ever, and neither would be seen to sign again.
    if (sign !== null && sign.holder !== holder && sign.priority >= priority && this.isRecent(this.seenAt, now))
      return null;
    this.signedAt = now;
    this.count += 1;
    return { name, holder, priority, count: this.count };
  }

  private otherLives(now: number): boolean {
    const { sign, changedAt } = this;
    if (sign === null || sign.holder === this.holder || changedAt === null) return false;
    return this.isRecent(changedAt, now);
  }

  private isRecent(time: number, now: number): boolean {
    return now - time < SILENCE_MASTERS * this.master;
  }
}
