/** Ledgers and histories made by hand, and what the checker finds in them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { check, type Verdict } from '../../chaos/checker/check.ts';
import { readRecords } from '../../chaos/checker/records.ts';

const intervals = { SLAVE: 900, TICKING: 300, POLL: 50, ERROR: 200 };
const schedules = [
  { id: 'all', every: 1000, missed: 'all', maxMissed: 20, overlap: 'queue', jitter: 0 },
  { id: 'once', every: 2000, missed: 'once', maxMissed: 1, overlap: 'queue', jitter: 400 },
  { id: 'skip', every: 3000, missed: 'skip', maxMissed: 1, overlap: 'skip', jitter: 0 },
];
/** The one that people pause. */
const held = { id: 'held', every: 1000, missed: 'all', maxMissed: 20, overlap: 'queue', jitter: 0 };
/** Of the second cluster, in ms. */
export const MIN_INTERVAL = 800;
/** What the wall clock shows at the beginning, in ms. */
export const WALL = 1_800_000_000_000;

/** Files as a run leaves them. Times are in ms from a beginning of their own. */
export class Folder {
  private readonly ledger: string[] = [];
  private readonly paced: string[] = [];
  private readonly rules: object[] = [...schedules];
  private readonly events: string[] = [];
  private readonly histories = new Map<string, string[]>();
  private index = 0;

  constructor(
    private readonly atomic = true,
    private readonly server = 'java',
  ) {}

  /** A line of the ledger; unless told otherwise, one that says nothing of a lease. */
  line(
    what: string,
    id: string,
    member: string,
    term: number,
    at: number,
    { left = 0, attempt = 1, ...more }: { left?: number; attempt?: number; [field: string]: unknown } = {},
  ): this {
    this.ledger.push(JSON.stringify({ what, id, member, pid: 1, term, attempt, at: ns(at), left, ...more }));
    return this;
  }

  /** A run of the second cluster. */
  pacedRun(id: string, member: string, term: number, at: number): this {
    for (const [what, moment] of [['start', at] as const, ['end', at + 1] as const])
      this.paced.push(JSON.stringify({ what, id, member, pid: 1, term, attempt: 1, at: ns(moment), left: 1000 }));
    return this;
  }

  /** There is a schedule that people pause, and no other one. */
  onlyHeld(): this {
    this.rules.splice(0, this.rules.length, held);
    return this;
  }

  /** A call of the runner that is answered at that moment. */
  asks(what: string, id: string, sent: number, at: number, more: object = {}): this {
    return this.says('runner', what, at, { id, sent: ns(sent), state: 'done', ...more });
  }

  /** The task of a slot; `second`: that of its slot, from the beginning. Unless told otherwise it begins just after that. */
  slot(
    schedule: string,
    second: number,
    more: { member?: string; term?: number; at?: number; wall?: number } = {},
  ): this {
    const turn = Math.max(
      0,
      schedules.findIndex(({ id }) => schedule.startsWith(id)),
    );
    const { member = '1.1', term = 1, at = second * 1000 + 10 * turn, wall = WALL + at } = more;
    const slot = WALL + second * 1000;
    const id = `${schedule}@${new Date(slot).toISOString().replace('.000Z', 'Z')}`;
    return this.line('start', id, member, term, at, { schedule, slot, wall }).line('end', id, member, term, at + 1);
  }

  slots(schedule: string, from: number, to: number, every: number): this {
    for (let second = from; second <= to; second += every) this.slot(schedule, second);
    return this;
  }

  run(id: string, member: string, term: number, start: number, end: number): this {
    return this.line('start', id, member, term, start).line('end', id, member, term, end);
  }

  torn(text: string): this {
    this.ledger.push(text);
    return this;
  }

  event(what: string, at: number, more: Record<string, unknown>): this {
    this.events.push(JSON.stringify({ what, at: ns(at), ...more }));
    return this;
  }

  fault(number: number, kind: string, member: string, from: number, to: number, more: object = {}): this {
    return this.event('fault', from, { to: ns(to), number, kind, member, ...more });
  }

  /** The files of the store are gone, or an older copy has taken their place. */
  loses(forgot: 'all' | 'since', from: number, to: number): this {
    return this.fault(9, forgot === 'all' ? 'store-removed' : 'store-replaced', 'all', from, to, { forgot });
  }

  says(member: string, what: string, at: number, more: Record<string, unknown> = {}): this {
    const lines = this.histories.get(member) ?? [];
    lines.push(JSON.stringify({ what, at: ns(at), ...more }));
    this.histories.set(member, lines);
    return this;
  }

  lease(member: string, at: number, left: number, term: number | null): this {
    return this.says(member, 'lease', at, { seen: ns(at), left, term });
  }

  /** One that was stored by a call made and answered at these moments. */
  storedAt(id: string, sent: number, at: number): this {
    this.index += 1;
    return this.says('runner', 'stored', at, {
      ...{ id, submitter: 'runner', batch: this.index, index: 0, first: true, sent: ns(sent) },
    });
  }

  /** Stored by the runner, each in a batch of its own. */
  stored(...ids: string[]): this {
    for (const id of ids) {
      this.says('runner', 'stored', 0, { id, submitter: 'runner', batch: this.index, index: 0, first: true });
      this.index += 1;
    }
    return this;
  }

  async verdict(): Promise<Verdict> {
    const folder = mkdtempSync(join(tmpdir(), 'mongo-failover-checker-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const write = (name: string, lines: readonly string[]) =>
      writeFileSync(join(folder, name), lines.map((line) => `${line}\n`).join(''));
    const rest = { schedules: this.rules, minInterval: MIN_INTERVAL };
    write('run.json', [
      JSON.stringify({ server: this.server, atomic: this.atomic, seed: 1, intervals, wallOffset: WALL, ...rest }),
    ]);
    write('ledger', this.ledger);
    write('ledger-paced', this.paced);
    write('events', this.events);
    for (const [member, lines] of this.histories) write(`history-${member}`, lines);
    return check(await readRecords(folder));
  }
}

function ns(ms: number): string {
  return String(BigInt(Math.round(ms * 1e6)));
}

/** The kinds that were found, each with its number. */
export function found({ counts }: Verdict): Record<string, number> {
  return Object.fromEntries([...counts].filter(([, count]) => count > 0));
}
