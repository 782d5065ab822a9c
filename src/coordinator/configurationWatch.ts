/**
 * Notices that members of one name are configured differently, says so once for each other member and difference, and
 * has the member stand back where one of another kind can do what waits (`yielding.ts`).
 *
 * The lease says how its holder is configured. A standby that differs from the master writes a notice, and every member
 * reads the notices: each time to live, and twice as often while one is known to differ. Neither is part of the election:
 * a store that fails here is asked again the next time.
 */

import { logFor } from '../diagnostics/log.js';
import { type Configuration, differences, outranks } from '../options/configuration.js';
import type { Lease, Store } from '../store/store.js';
import type { Cancel } from '../time/clock.js';
import { lastOnGrid } from '../time/grid.js';
import type { DifferingMember } from '../wire/status.js';
import { DifferingMembers, type DifferingParts } from './differingMembers.js';
import { Yielding } from './yielding.js';

interface WatchParts extends DifferingParts {
  readonly holder: string;
  readonly store: Pick<Store, 'putNotice' | 'readNotices'>;
  /** Turns begin at multiples of half a time to live from here, so those of a coordinator read together. */
  readonly phase?: number;
  /** Returns whether this member could take the lease over, and how many tasks wait for it. */
  isFit(): boolean;
  waiting(): Promise<number>;
  /** Called when another member should work: this one claims nothing, and gives up what it holds. */
  standBack(reason: string): void;
  /** Called when this member may work again. */
  comeForward(): void;
}

/** Turns begin at multiples of this, in ms, when electors wake, too: the end of each timer blocks the thread (systemClock.ts). */
const TURN_GRID_MS = 250;

const log = logFor('failover');

export class ConfigurationWatch {
  private readonly yielding: Yielding;
  private readonly members: DifferingMembers;
  /** The master that was last seen, if it says how it is configured. */
  private master: { readonly holder: string; readonly configuration: Configuration } | null = null;
  private count = 0;
  private standsBack = false;
  private cancel: Cancel | undefined;

  constructor(private readonly parts: WatchParts) {
    const { holder, configuration, ttl } = parts;
    this.yielding = new Yielding(holder, configuration, ttl);
    this.members = new DifferingMembers(parts);
  }

  start(): void {
    const { holder, ttl, phase } = this.parts;
    // Without company at a time of its own, because not all should look at once.
    this.again(phase === undefined ? fraction(holder) * ttl : ttl / 2);
  }

  stop(): void {
    this.cancel?.();
    this.cancel = undefined;
  }

  /** Takes what a new version of another member's lease says; null: there is no lease. */
  seen(lease: Lease | null): void {
    const { holder, configuration } = lease ?? {};
    if (typeof holder !== 'string' || configuration === undefined) {
      this.master = null;
      if (typeof holder === 'string') this.members.meetOlderVersion(holder);
      return;
    }
    const isNew = this.master?.holder !== holder;
    this.master = { holder, configuration };
    this.yielding.handedOver(configuration.kind);
    const differs = this.members.meet(holder, configuration, this.parts.ttl);
    // The master should hear of it soon, and not by the next turn.
    if (isNew && differs && this.cancel !== undefined) this.again(0);
  }

  /** This member has become master. */
  elected(): void {
    this.master = null;
  }

  get differing(): DifferingMember[] {
    return this.members.members;
  }

  // ---- each turn ----

  private again(delay: number): void {
    const { clock, phase, ttl } = this.parts;
    this.cancel?.();
    const from = clock.now() + delay;
    const isShared = phase !== undefined && delay > 0;
    const time = isShared ? lastOnGrid(from, ttl / 2, phase) : Math.ceil(from / TURN_GRID_MS) * TURN_GRID_MS;
    const cancel = clock.at(time, () => {
      void this.turn().then(() => {
        if (this.cancel === cancel) this.again(this.differing.length > 0 ? this.parts.ttl / 2 : this.parts.ttl);
      });
    });
    this.cancel = cancel;
  }

  /** Never rejects. */
  private async turn(): Promise<void> {
    const { name, store, clock } = this.parts;
    try {
      await this.writeNotice();
      const notices = await store.readNotices(name);
      if (this.cancel === undefined) return;
      for (const notice of this.yielding.observe(notices, clock.now())) {
        this.members.meet(notice.holder, notice.configuration, notice.ttl);
      }
    } catch (error) {
      log('%s: the notices were not read: %s', name, String(error));
    }
    if (this.cancel !== undefined) this.decide();
  }

  /** As a standby that differs from the master. */
  private async writeNotice(): Promise<void> {
    const { name, holder, configuration, ttl, store } = this.parts;
    const { master } = this;
    if (master === null || differences(configuration, master.configuration).length === 0) return;
    const wants = await this.wants(master.configuration);
    this.count += 1;
    await store.putNotice({ name, holder, configuration, ttl, count: this.count, wants });
  }

  private async wants(master: Configuration): Promise<boolean> {
    const { configuration, isFit, waiting } = this.parts;
    if (!outranks(configuration.kind, master.kind) || !isFit()) return false;
    return (await waiting()) > 0;
  }

  private decide(): void {
    const { name, clock, configuration, standBack, comeForward } = this.parts;
    const notice = this.yielding.yieldsTo(clock.now());
    if (notice === null) {
      if (this.standsBack) comeForward();
    } else if (!this.standsBack) {
      const { kind } = notice.configuration;
      standBack(
        `tasks of '${name}' wait that a member of kind ${configuration.kind} cannot do, so this one stands back for ${notice.holder}, of kind ${kind}`,
      );
    }
    this.standsBack = notice !== null;
  }
}

/** From 0 up to 1, and different for texts that differ. */
function fraction(text: string): number {
  let hash = 0;
  for (let index = 0; index < text.length; index += 1) hash = (Math.imul(hash, 31) + text.charCodeAt(index)) >>> 0;
  return hash / 2 ** 32;
}
