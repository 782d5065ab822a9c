/**
 * The guards of simulated processes: what a guard does after the death of its ward is the code that ships. In some worlds each
 * process has one. Some die with their ward; the others are late, and their calls are lost or late.
 */
import { type AfterDeathParts, afterDeath } from '../../../src/guard/afterDeath.ts';
import { Duties } from '../../../src/guard/orders.ts';
import type { ProcessIdentity } from '../../../src/surroundings/processIdentity.ts';
import { SkewedClock, type Timeline } from '../../support/skewedClock.ts';
import { type Fate, SimulatedConnection } from './connection.ts';
import type { Database } from './database.ts';
import { NAME } from './setting.ts';

/** Of guards that die with their ward, and of calls whose request or answer is lost, or late. */
const CHANCES = { diesToo: 0.2, lost: 0.1, late: 0.2 };
/** Until a guard has found its ward gone and has opened the store, in ms. */
const START_MAX_MS = 400;
const LATE_MAX_MS = 2000;
const COMMAND_LIMIT_MS = 300;

export interface Ward {
  readonly id: string;
  readonly identity: ProcessIdentity;
  /** SLAVE + TICKING, in ms. */
  readonly ttl: number;
}

interface GuardsParts {
  readonly random: () => number;
  readonly timeline: Timeline;
  readonly database: Database;
  /** Whether reads and writes of a lease are apart. */
  readonly isWeak: boolean;
  readonly note: ((text: string) => void) | null;
}

export class SimulatedGuards {
  constructor(private readonly parts: GuardsParts) {}

  wardDied(ward: Ward): void {
    const { random, timeline } = this.parts;
    if (random() < CHANCES.diesToo) return;
    timeline.at(timeline.now() + random() * START_MAX_MS, () => {
      this.parts.note?.(`the guard of ${ward.id} finds it dead`);
      void afterDeath(this.duty(ward));
    });
  }

  private duty({ id, identity, ttl }: Ward): AfterDeathParts {
    const { timeline } = this.parts;
    const duties = new Duties();
    const limits = { commandTimeout: COMMAND_LIMIT_MS, connectTimeout: COMMAND_LIMIT_MS, freshFor: COMMAND_LIMIT_MS };
    const store = { kind: 'embedded', path: 'simulated' } as const;
    duties.take({ type: 'begin', charter: { ward: identity, store, limits, ttl } });
    duties.take({ type: 'addMember', holder: id, name: NAME });
    const clock = new SkewedClock(timeline, (run) => run(), 1, 0);
    return {
      duties,
      clock,
      isGone: () => true,
      kill: () => {},
      lives: () => false,
      openStore: async () => this.connection(clock),
    };
  }

  private connection(clock: SkewedClock): SimulatedConnection {
    const { timeline, database } = this.parts;
    return new SimulatedConnection({
      ...{ timeline, database, clock, trims: false, hasOutbox: false, plant: null },
      ...{ leaseLimit: COMMAND_LIMIT_MS, taskLimit: COMMAND_LIMIT_MS },
      // It is no member, and keeps to no rule of one.
      conduct: { looking: () => () => {}, claims: () => {}, asks: () => {} },
      fate: () => this.fate(),
      sent: () => {},
      lookDelay: () => 0,
      deliver: (answer) => void answer(),
    });
  }

  private fate(): Fate {
    const { random, isWeak } = this.parts;
    const time = (): number => (random() < CHANCES.late ? random() * LATE_MAX_MS : 1 + random() * 6);
    return {
      arrives: random() < CHANCES.lost ? [] : [time()],
      gap: isWeak ? random() * 3 : 0,
      returns: random() < CHANCES.lost ? null : time(),
      fails: null,
      stale: false,
    };
  }
}
