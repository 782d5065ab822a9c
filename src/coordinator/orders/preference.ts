/**
 * Whether this member lets another standby claim first, from the signs that it sees. Pure: signs and time are handed in.
 *
 * The standby of the highest priority signs in the store, each SIGN_MASTERS × MASTER; one that sees a sign of a lower priority
 * signs over it. A sign counts while it is seen to change: its writer lives. Nothing is signed while all have the default.
 * It costs a lower member a wait, and no member ever claims because of it.
 */
import { PRIORITY_DEFAULT } from '../../options/orders.js';
import type { Preferred } from '../../store/orders.js';

/** All in MASTER. */
const SIGN_MASTERS = 2;
const SILENCE_MASTERS = 3;

export class Preference {
  private sign: Preferred | null = null;
  /** When the sign was last seen to change; null: it may be as old as the store. */
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
    if (before === null || before.holder !== sign.holder) this.changedAt = null;
    else if (before.count !== sign.count) this.changedAt = now;
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
    if (sign !== null && this.otherLives(now) && sign.priority >= priority) return null;
    this.signedAt = now;
    this.count += 1;
    return { name, holder, priority, count: this.count };
  }

  private otherLives(now: number): boolean {
    const { sign, changedAt } = this;
    if (sign === null || sign.holder === this.holder || changedAt === null) return false;
    return now - changedAt < SILENCE_MASTERS * this.master;
  }
}
