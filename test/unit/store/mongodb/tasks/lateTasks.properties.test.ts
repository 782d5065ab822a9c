/**
 * Masters that move sources into the queue on MongoDB, while inserts are held up on their way for up to two minutes, numbers are
 * done, trimmed and free again, and masters follow each other and do not know it. Each source is run once.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Fields, isFields } from '../../../../../src/store/documents.ts';
import { KEPT_MS } from '../../../../../src/store/mongodb/tasks/taskTrimmer.ts';
import { runs } from '../../../../support/propertyRuns.ts';
import { VirtualClock } from '../../../../support/virtualClock.ts';
import { FakeTasks } from '../fakeTasks.ts';

const bytes = Buffer.from('payload');
const event = fc.record({
  // A move is rare, and much is done and trimmed while it is on its way.
  what: fc.constantFrom('source', 'move', 'plain', 'plain', 'plain', 'plain', 'follow', 'rest', 'rest'),
  after: fc.constantFrom(0, 0, 50, 2000, KEPT_MS / 2, KEPT_MS),
  /** How long the next insert is on its way, in ms. */
  held: fc.constantFrom(0, 30, 5000, 70_000, 125_000),
});
type Happening = typeof event extends fc.Arbitrary<infer T> ? T : never;

class World {
  readonly clock = new VirtualClock();
  readonly server = new FakeTasks();
  readonly ran = new Map<string, number>();
  readonly sources = new Set<string>();
  private made = 0;
  private held = 0;
  private master = this.server.member(this.clock);

  constructor() {
    this.server.hold = async (command) => {
      const { held } = this;
      if (held === 0 || !isMove(command)) return;
      this.held = 0;
      await new Promise<void>((resolve) => this.clock.at(this.clock.now() + held, resolve));
    };
  }

  happen({ what, held }: Happening): void {
    if (what === 'move') this.held = held;
    switch (what) {
      case 'source':
        this.made += 1;
        this.sources.add(`source ${this.made}`);
        break;
      case 'move':
        void this.move(this.master);
        break;
      case 'plain':
        this.made += 1;
        this.master.adder.add('q', [{ id: `plain ${this.made}`, bytes }], 1000).catch(() => {});
        break;
      case 'follow':
        this.master = this.server.member(this.clock);
        break;
      default:
    }
  }

  /** As the relay does: some of the sources, and each is removed when its task is stored. */
  async move({ adder }: Pick<World['master'], 'adder'>): Promise<void> {
    const since = { now: this.clock.now(), sinceBoot: this.clock.sinceBoot() };
    const some = [...this.sources].slice(0, 3);
    if (some.length === 0) return;
    const tasks = some.map((origin) => ({ id: origin, bytes, origin }));
    const results = await adder.relay('q', tasks, since).catch(() => []);
    for (const [index, { type }] of results.entries()) {
      if (type !== 'known') this.sources.delete(some[index] ?? '');
    }
  }

  work(): void {
    const { server, ran } = this;
    for (let next = this.next(); next !== undefined; next = this.next()) {
      const { origin } = next;
      if (typeof origin === 'string') ran.set(origin, (ran.get(origin) ?? 0) + 1);
      server.done = next.seq;
    }
  }

  private next() {
    return this.server.tasks.find(({ seq }) => seq === this.server.done + 1);
  }

  /** What the relay holds back stays: tasks whose source may be there. */
  async trim(): Promise<void> {
    const open = this.server.tasks.filter(({ origin }) => typeof origin === 'string' && this.sources.has(origin));
    const limit = Math.min(this.server.done, ...open.map(({ seq }) => seq - 1));
    await this.master.trimmer.trim('q', limit).catch(() => {});
  }
}

function isMove({ documents }: Fields): boolean {
  return Array.isArray(documents) && documents.some((document) => isFields(document) && 'origin' in document);
}

test('each source is run once, however late its inserts land', { timeout: 60_000 }, async () => {
  const property = fc.asyncProperty(
    fc.array(event, { minLength: 20, maxLength: 80, size: 'max' }),
    async (happenings) => {
      const world = new World();
      for (const happening of happenings) {
        world.happen(happening);
        for (let part = 0; part < 2; part += 1) {
          await world.clock.advance(happening.after / 2);
          world.work();
          await world.trim();
        }
      }
      const all = new Set([...world.sources, ...world.ran.keys()]);
      for (const { origin } of world.server.tasks) if (typeof origin === 'string') all.add(origin);
      for (let turn = 0; turn < 40 && world.sources.size > 0; turn += 1) {
        world.happen({ what: 'follow', after: 0, held: 0 });
        world.happen({ what: 'move', after: 0, held: 0 });
        await world.clock.advance(11_000);
        world.work();
      }
      expect(world.sources.size, 'sources that are left').toBe(0);
      world.work();
      const counts = [...all].map((origin) => world.ran.get(origin) ?? 0);
      expect(counts, 'how often each source was run').toEqual(counts.map(() => 1));
      expect(isFields(world.server.trimmed ?? {})).toBe(true);
    },
  );
  await fc.assert(property, runs(300));
});
