/**
 * Notices that members of one name are configured differently, says so once for each other member and difference, and
 * has the member stand back where one of another kind can do what waits (`yielding.ts`).
 *
 * The lease says how its holder is configured. A standby that differs from the master writes a notice, and every member
 * reads the notices: each time to live, and twice as often while one is known to differ. Neither is part of the election:
 * a store that fails here is asked again the next time.
 */
import type { Cancel, Clock } from '../clock.js';
import { type Configuration, type Difference, differences, outranks } from '../configuration.js';
import { FailoverError } from '../errors.js';
import { logFor } from '../log.js';
import type { Lease, Store } from '../store/store.js';
import { Yielding } from './yielding.js';

/** How many differing members are remembered as told; beyond it the oldest is forgotten. */
const TOLD_MAX = 1000;
/** How long a member counts as differing after it was last seen to live, in times to live. */
const KNOWN_FOR = 4;

export interface WatchParts {
  readonly name: string;
  readonly holder: string;
  readonly configuration: Configuration;
  /** SLAVE + TICKING, in ms. */
  readonly ttl: number;
  readonly store: Pick<Store, 'putNotice' | 'readNotices'>;
  readonly clock: Clock;
  /** Whether this member could take the lease over, and how many tasks wait for it. */
  isFit(): boolean;
  waiting(): Promise<number>;
  differs(error: FailoverError): void;
  info(text: string): void;
  /** Another member should work: claim nothing, and give up what is held. */
  standBack(reason: string): void;
  /** The opposite. */
  comeForward(): void;
}

/** Another member that is configured differently, for `status()`. */
export interface DifferingMember extends Configuration {
  readonly holder: string;
  readonly differs: readonly Difference[];
}

const log = logFor('failover');

export class ConfigurationWatch {
  private readonly yielding: Yielding;
  /** By holder; until when each counts. */
  private readonly known = new Map<string, { readonly member: DifferingMember; readonly until: number }>();
  private readonly told = new Set<string>();
  /** The master that was last seen, if it says how it is configured. */
  private master: { readonly holder: string; readonly configuration: Configuration } | null = null;
  private count = 0;
  private standsBack = false;
  private cancel: Cancel | undefined;

  constructor(private readonly parts: WatchParts) {
    const { holder, configuration, ttl } = parts;
    this.yielding = new Yielding(holder, configuration, ttl);
  }

  start(): void {
    // At a time of its own, or a thousand clusters of one thread would all look at once, and their beats would wait.
    const { holder, ttl } = this.parts;
    this.again(fraction(holder) * ttl);
  }

  stop(): void {
    this.cancel?.();
    this.cancel = undefined;
  }

  /** Another member's lease showed a new version; null: there is none. */
  seen(lease: Lease | null): void {
    const { holder, configuration } = lease ?? {};
    if (typeof holder !== 'string' || configuration === undefined) {
      this.master = null;
      if (typeof holder === 'string') this.olderVersion(holder);
      return;
    }
    const isNew = this.master?.holder !== holder;
    this.master = { holder, configuration };
    this.yielding.handedOver(configuration.kind);
    const differs = this.meet(holder, configuration, this.parts.ttl);
    // The master should hear of it soon, and not by the next turn.
    if (isNew && differs && this.cancel !== undefined) this.again(0);
  }

  /** This member has become master. */
  elected(): void {
    this.master = null;
  }

  /** Those that are known to live and to differ. */
  get differing(): DifferingMember[] {
    const now = this.parts.clock.now();
    return [...this.known.values()].filter(({ until }) => now < until).map(({ member }) => member);
  }

  // ---- each turn ----

  private again(delay: number): void {
    const { clock } = this.parts;
    this.cancel?.();
    const cancel = clock.at(clock.now() + delay, () => {
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
      for (const notice of this.yielding.look(notices, clock.now())) {
        this.meet(notice.holder, notice.configuration, notice.ttl);
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

  // ---- what is told ----

  /** Returns whether that member differs, and says so if it was not said yet. */
  private meet(holder: string, configuration: Configuration, ttl: number): boolean {
    const { name, clock, configuration: own } = this.parts;
    const differs = differences(own, configuration);
    if (differs.length === 0) {
      this.known.delete(holder);
      return false;
    }
    const until = clock.now() + KNOWN_FOR * Math.max(ttl, this.parts.ttl);
    this.known.delete(holder);
    this.known.set(holder, { member: { holder, ...configuration, differs }, until });
    forgetOldest(this.known);
    const values = differs.map(({ name: what, here, there }) => `${what}: ${here} here, ${there} there`).join('; ');
    const text =
      `the members of '${name}' are configured differently (${values}; there is ${holder}). ` +
      'Give all members of one name the same kind, key, retry and limits';
    if (this.isNews(text)) this.parts.differs(new FailoverError('ERR_CONFIGURATION_DIFFERS', text));
    return true;
  }

  private olderVersion(holder: string): void {
    const text = `the master ${holder} does not say how it is configured: an older version of mongo-failover runs there, and members that differ from it go unnoticed`;
    if (this.isNews(text)) this.parts.info(text);
  }

  private isNews(text: string): boolean {
    if (this.told.has(text)) return false;
    this.told.add(text);
    forgetOldest(this.told);
    return true;
  }
}

/** From 0 up to 1, and different for texts that differ. */
function fraction(text: string): number {
  let hash = 0;
  for (let index = 0; index < text.length; index += 1) hash = (Math.imul(hash, 31) + text.charCodeAt(index)) >>> 0;
  return hash / 2 ** 32;
}

function forgetOldest(from: Set<string> | Map<string, unknown>): void {
  if (from.size <= TOLD_MAX) return;
  for (const oldest of from.keys()) {
    from.delete(oldest);
    return;
  }
}
