/** What one look has found, for all viewers. */
import { lookAt } from '../operations/look.js';
import { viewsOf } from '../operations/subsystems.js';
import type { SubsystemView } from '../operations/views.js';
import type { StoreReader } from '../store/reader.js';
import type { Member } from '../store/store.js';
import type { Clock } from '../time/clock.js';
import type { Details, DrainRow, Row } from './contract.js';
import { History, type SeenLease } from './history.js';
import { isHere } from './lateness.js';
import { Measures } from './measures.js';
import { iso } from './messages.js';
import { byId, drainRow, memberRow, queueRow, rowOf, type Viewed } from './rows.js';
import { ScheduleRows } from './scheduleRows.js';
import { Terms } from './terms.js';

/** So many subsystems are shown at most. */
export const ROWS_MAX = 5000;
const TERMS_SHOWN = 50;

export interface Snapshot {
  /** By the wall clock here. */
  readonly at: number;
  readonly rows: ReadonlyMap<string, Row>;
  readonly truncated: boolean;
  readonly drains: readonly DrainRow[];
  /** Of those that were watched; null if there is nothing of that name. */
  readonly details: ReadonlyMap<string, Details | null>;
}

type SnapshotClock = Pick<Clock, 'now' | 'wall'>;

/** Looks at a store again and again. What it remembers from look to look is here. */
export class Looker {
  private readonly measures: Measures;
  private readonly history = new History();
  private readonly terms = new Terms(TERMS_SHOWN);
  private readonly schedules: ScheduleRows;
  private lastAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly clock: SnapshotClock,
    private readonly parts: {
      /** Two looks that are further apart say nothing of what was between, in ms. */
      readonly apartMax: number;
      readonly rowsMax: number;
      lateness(): Details['lateness'];
    },
  ) {
    this.measures = new Measures(() => clock.wall());
    this.schedules = new ScheduleRows(() => clock.wall());
  }

  async look(reader: StoreReader, watched: ReadonlySet<string>): Promise<Snapshot> {
    const { clock, measures } = this;
    const { rowsMax, apartMax } = this.parts;
    const [seen, drains] = await Promise.all([lookAt(reader, [], clock, rowsMax + 1), reader.drains()]);
    const truncated = seen.names.length > rowsMax;
    const names = truncated ? seen.names.slice(0, rowsMax) : seen.names;
    await measures.measure(reader, seen.leases, names, watched);
    const views = await viewsOf(measures, { ...seen, names }, clock);
    const settings = new Map(seen.leases.map(({ name, lease }) => [name, lease?.configuration?.settings ?? {}]));
    const viewed = views.map((view) => this.viewed(view, settings.get(view.name) ?? {}));
    const isContinued = clock.now() - this.lastAt <= apartMax;
    this.lastAt = clock.now();
    this.history.see(new Map(viewed.map(({ view }) => [view.name, seenLease(view)])), isContinued);
    const at = clock.wall();
    this.schedules.keep(watched);
    const details = new Map<string, Details | null>();
    for (const name of watched) {
      const one = viewed.find(({ view }) => view.name === name);
      const members = seen.members.filter((member) => member.name === name);
      if (one !== undefined) details.set(name, await this.details(reader, one, members, at));
      else details.set(name, truncated ? await this.one(reader, name) : null);
    }
    const rows = new Map(viewed.map((one) => [one.view.name, rowOf(one)]));
    return { at, rows, truncated, drains: drains.map(drainRow), details };
  }

  /** Reads one subsystem alone. Returns null if there is none. */
  async one(reader: StoreReader, name: string): Promise<Details | null> {
    const { clock, measures } = this;
    const seen = await lookAt(reader, [name], clock);
    if (seen.names.length === 0) return null;
    await measures.measureAlone(reader, name, seen.leases[0]);
    const [view] = await viewsOf(measures, seen, clock);
    if (view === undefined) return null;
    const settings = seen.leases[0]?.lease?.configuration?.settings ?? {};
    return this.details(reader, this.viewed(view, settings), seen.members, clock.wall());
  }

  private viewed(view: SubsystemView, settings: Viewed['settings']): Viewed {
    const problem = view.problem ?? this.measures.problemOf(view.name);
    return { view: { ...view, problem }, head: this.measures.headOf(view.name), settings };
  }

  private async details(reader: StoreReader, viewed: Viewed, members: readonly Member[], at: number): Promise<Details> {
    const { name, term, kind } = viewed.view;
    const { terms, gaps } = this.history.of(name, await this.terms.of(reader, name, term));
    const row = rowOf(viewed);
    return {
      ...{ at: iso(at), row },
      settings: viewed.settings,
      memberList: members.map(memberRow).sort(byId),
      ...{ terms, gaps },
      queue: queueRow(viewed),
      schedules: kind === 'memory' || kind === 'unmanaged' ? null : await this.schedules.of(reader, name),
      lateness: isHere(row) ? this.parts.lateness() : null,
    };
  }
}

function seenLease({ term, state, at, ttl }: SubsystemView): SeenLease {
  return { term, isHeld: state === 'held', at: at?.getTime() ?? null, ttl };
}
