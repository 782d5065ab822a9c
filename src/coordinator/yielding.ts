/**
 * Whether a member gives way to one of another kind, from the notices that it sees. Pure: notices and time are handed in.
 *
 * A master is never deposed. It resigns by itself (rule 10) when a living member of a higher kind says that tasks wait
 * which the master cannot do, and its lease runs out like any other. As long as that notice lives, every member of a lower
 * kind claims nothing, or it could win the lease again. It is fit again when
 *
 *   handed over    a lease of that kind, or of a higher one, was seen: from now on the notice counts for nothing, and the
 *                  member may claim whenever that holder goes.
 *   silent         the notice did not change for SILENCE_TTLS times to live: its writer is gone, or has nothing to do.
 *   in vain        PATIENCE_TTLS times to live have passed, and no member of that kind took the lease. Then notices of all
 *                  kinds count for nothing for REST_TTLS times to live: work that can be done must not wait for ever.
 *
 * So wrong notices can cost some times to live without a master, and never a second one: a notice makes nothing claim.
 * Rule 10: docs/explain/protocol.md#rule-10-a-lease-proves-that-work-is-alive
 */
import { type ClusterKind, type Configuration, outranks } from '../options/configuration.js';
import type { Notice } from '../store/store.js';

/** All in times to live, of whichever member's is longer. */
const SILENCE_TTLS = 3;
const PATIENCE_TTLS = 4;
const REST_TTLS = 20;

interface Sign {
  readonly notice: Notice;
  /** When it was last seen to change; null: it may be as old as the store. */
  readonly changedAt: number | null;
}

export class Yielding {
  /** The last notice of each kind that wants the lease, and of each that does not. */
  private readonly signs = new Map<string, Sign>();
  private since: number | null = null;
  private restsUntil = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly holder: string,
    private readonly configuration: Configuration,
    /** This member's SLAVE + TICKING, in ms. */
    private readonly ttl: number,
  ) {}

  /** Takes one look at the notices, and returns those whose writers live. */
  observe(notices: readonly Notice[], now: number): Notice[] {
    for (const notice of notices) {
      const key = [notice.configuration.kind, notice.wants].join(' ');
      const before = this.signs.get(key);
      if (notice.holder === this.holder) this.signs.delete(key);
      else if (before === undefined) this.signs.set(key, { notice, changedAt: null });
      else if (!isSame(before.notice, notice)) this.signs.set(key, { notice, changedAt: now });
    }
    return [...this.signs.values()].filter((sign) => this.lives(sign, now)).map(({ notice }) => notice);
  }

  /** Notes that another member's lease of this kind was seen. */
  handedOver(to: ClusterKind): void {
    for (const [key, { notice, changedAt }] of this.signs) {
      if (outranks(notice.configuration.kind, to)) continue;
      this.signs.set(key, { notice: { ...notice, wants: false }, changedAt });
    }
  }

  /** Returns the notice for which this member claims nothing now; null: it may claim. */
  yieldsTo(now: number): Notice | null {
    const notice = this.wanted(now);
    if (notice === undefined || now < this.restsUntil) {
      this.since = null;
      return null;
    }
    this.since ??= now;
    const longest = Math.max(this.ttl, notice.ttl);
    if (now - this.since < PATIENCE_TTLS * longest) return notice;
    this.restsUntil = now + REST_TTLS * longest;
    this.since = null;
    return null;
  }

  private wanted(now: number): Notice | undefined {
    const { kind } = this.configuration;
    const [sign] = [...this.signs.values()].filter(
      (each) => each.notice.wants && outranks(each.notice.configuration.kind, kind) && this.lives(each, now),
    );
    return sign?.notice;
  }

  private lives({ notice, changedAt }: Sign, now: number): boolean {
    return changedAt !== null && now - changedAt < SILENCE_TTLS * Math.max(this.ttl, notice.ttl);
  }
}

/** Compares by what the writer counts, and not by `wants`, which `handedOver` takes back. */
function isSame(a: Notice, b: Notice): boolean {
  return a.holder === b.holder && a.count === b.count;
}
