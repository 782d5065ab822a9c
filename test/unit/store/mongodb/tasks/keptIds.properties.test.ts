/**
 * Trimming and sweeping on MongoDB, while masters follow each other, commands fail before or after they took effect, and inserts land
 * late: nothing goes that waits, ids stay taken for their time, and in the end all goes that may.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Fields, isFields } from '../../../../../src/store/documents.ts';
import { KEPT_MS } from '../../../../../src/store/mongodb/tasks/taskTrimmer.ts';
import { runs } from '../../../../support/propertyRuns.ts';
import { VirtualClock } from '../../../../support/virtualClock.ts';
import { FakeTasks } from '../fakeTasks.ts';

const HOUR = 3_600_000;
const bytes = Buffer.from('payload');
const event = fc.record({
  what: fc.constantFrom('unique', 'unique', 'plain', 'many', 'follow', 'empty', 'rest', 'rest'),
  after: fc.constantFrom(0, 50, 2000, KEPT_MS / 2, KEPT_MS, HOUR / 2),
  /** Which of the next commands of the trimmer fails, and whether it takes effect. */
  fails: fc.option(fc.record({ in: fc.nat(8), late: fc.boolean() }), { freq: 1 }),
  /** How long the next insert is on its way, in ms. */
  held: fc.constantFrom(0, 0, 5000, 70_000, 125_000),
});
type Happening = typeof event extends fc.Arbitrary<infer T> ? T : never;

class World {
  readonly clock = new VirtualClock();
  readonly server = new FakeTasks();
  /** Until when ids are taken, of those that were told to be stored. */
  readonly taken = new Map<string, number>();
  private made = 0;
  private held = 0;
  private failing: Happening['fails'] = null;
  private master = this.server.member(this.clock);

  constructor() {
    this.server.hold = async ({ documents, find, deletes, updates }) => {
      if (Array.isArray(documents)) {
        const { held } = this;
        this.held = 0;
        if (held > 0) await new Promise<void>((resolve) => this.clock.at(this.clock.now() + held, resolve));
        return;
      }
      if (Array.isArray(deletes)) this.watch(deletes);
      if (this.failing === null || (find ?? deletes ?? updates) === undefined) return;
      this.failing = this.failing.in === 0 ? null : { ...this.failing, in: this.failing.in - 1 };
      if (this.failing === null) throw new Error('not now');
    };
  }

  /** No task goes that is not done. */
  private watch(deletes: readonly { q: Fields }[]): void {
    const before = this.server.tasks;
    queueMicrotask(() => {
      const left = new Set(this.server.tasks);
      for (const task of before) {
        if (!left.has(task) && task.seq > this.server.done) this.lost.push(`${task.seq} by ${JSON.stringify(deletes)}`);
      }
    });
  }

  readonly lost: string[] = [];

  async happen({ what, held, fails }: Happening): Promise<void> {
    this.held = held;
    this.failing = fails;
    if (what === 'follow') this.master = this.server.member(this.clock);
    if (what === 'empty') this.empty();
    if (what === 'unique') this.add(1, HOUR);
    if (what === 'plain') this.add(1);
    if (what === 'many') this.add(30, this.made % 2 === 0 ? HOUR : undefined);
  }

  private add(count: number, idRule?: number): void {
    const { adder } = this.server.member(this.clock);
    const tasks = Array.from({ length: count }, () => {
      this.made += 1;
      return { id: `${this.made}`, bytes, ...(idRule === undefined ? {} : { idRule }) };
    });
    const { server } = this;
    const began = server.emptied;
    void adder.add('q', tasks, 100_000).then(
      (results) => {
        if (server.emptied !== began || idRule === undefined) return;
        for (const [index, { type }] of results.entries()) {
          const until = server.tasks.find(({ key }) => key === tasks[index]?.id)?.uniqueUntil;
          if (type === 'stored' && until instanceof Date) this.taken.set(tasks[index]?.id ?? '', until.getTime());
        }
      },
      () => {},
    );
  }

  private empty(): void {
    Object.assign(this.server, { tasks: [], done: 0, trimmed: undefined, emptied: this.server.emptied + 1 });
    this.taken.clear();
  }

  work(): void {
    const { server } = this;
    for (const { seq } of server.tasks) server.done = Math.max(server.done, seq);
  }

  async trim(): Promise<void> {
    await this.master.trimmer.trim('q', this.server.done).catch(() => {});
  }

  check(): void {
    expect(this.lost).toEqual([]);
    const keys = new Set(this.server.tasks.map(({ key }) => key));
    const free = [...this.taken].filter(([id, until]) => until > this.clock.wall() && !keys.has(id));
    expect(free, 'ids that are free too early').toEqual([]);
    expect(isFields(this.server.trimmed ?? {})).toBe(true);
  }
}

test('nothing goes that waits, ids stay for their time, and in the end all is gone', { timeout: 60_000 }, async () => {
  const property = fc.asyncProperty(
    fc.array(event, { minLength: 5, maxLength: 40, size: 'max' }),
    async (happenings) => {
      const world = new World();
      for (const happening of happenings) {
        await world.happen(happening);
        for (let part = 0; part < 3; part += 1) {
          await world.clock.advance(happening.after / 3);
          world.work();
          await world.trim();
          world.check();
        }
      }
      await world.clock.advance(125_000);
      await world.happen({ what: 'follow', after: 0, held: 0, fails: null });
      for (let turn = 0; turn < 6; turn += 1) {
        await world.clock.advance(HOUR / 3);
        world.work();
        await world.trim();
      }
      world.check();
      expect(world.server.tasks.length, 'what is left').toBeLessThanOrEqual(1);
    },
  );
  await fc.assert(property, runs(60));
});
