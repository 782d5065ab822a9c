/**
 * The relay under all that may happen to it: calls that are slow or lost, masters that follow each other and do not know it yet, clocks
 * that differ, tasks that are done and trimmed at once. Each entry becomes one task.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { StoreError } from '../../../src/errors.ts';
import { ReadLimit } from '../../../src/queue/readLimit.ts';
import { Relay } from '../../../src/relay/relay.ts';
import type { Tenure } from '../../../src/store/store.ts';
import type { TaskId } from '../../../src/task/task.ts';
import type { Clock } from '../../../src/time/clock.ts';
import { MemoryOutbox } from '../../support/memoryOutbox.ts';
import { MemoryTasks, type TaskFate } from '../../support/memoryTaskStore.ts';
import { runs } from '../../support/propertyRuns.ts';
import { VirtualClock } from '../../support/virtualClock.ts';

const POLL = 100;
const bytes = new Uint8Array([5, 0, 0, 0, 0]);

/** What happens next, and how the calls of the next time go. */
const event = fc.record({
  what: fc.constantFrom(
    'commit',
    'delay',
    'delay',
    'submit',
    'allDone',
    'done',
    'trim',
    'trim',
    'trim',
    'follow',
    'crash',
    'look',
  ),
  after: fc.integer({ min: 0, max: 150 }),
  there: fc.constantFrom(0, 0, 1, 40, 400),
  back: fc.constantFrom(0, 0, 1, 40, 400),
  lost: fc.constantFrom(undefined, undefined, undefined, undefined, 'call' as const, 'answer' as const),
});
type Happening = typeof event extends fc.Arbitrary<infer T> ? T : never;

class World {
  readonly clock = new VirtualClock();
  readonly tasks = new MemoryTasks(this.clock);
  readonly outbox = new MemoryOutbox();
  readonly committed: TaskId[] = [];
  /** How often each was queued. */
  readonly queued = new Map<TaskId, number>();
  readonly early: TaskId[] = [];
  fate: TaskFate = { there: 0, back: 0 };
  term = 0;
  relays: Relay[] = [];

  constructor() {
    const add = this.tasks.add.bind(this.tasks);
    this.tasks.add = (task, fields) => {
      this.queued.set(task.id, (this.queued.get(task.id) ?? 0) + 1);
      return add(task, fields);
    };
    this.follow();
  }

  private async call<T>(carryOut: () => T): Promise<T> {
    const { there, back, lost } = this.fate;
    await this.wait(there);
    if (lost === 'call') throw new StoreError('ERR_STORE_UNAVAILABLE', 'the call was lost');
    const answer = carryOut();
    await this.wait(back);
    if (lost === 'answer') throw new StoreError('ERR_STORE_UNAVAILABLE', 'the answer was lost');
    return answer;
  }

  private async wait(ms: number): Promise<void> {
    if (ms > 0) await new Promise<void>((resolve) => this.clock.at(this.clock.now() + ms, resolve));
  }

  /** Another member becomes master. The one before does not know it yet. */
  follow(): void {
    this.term += 1;
    const { clock, tasks, outbox, term } = this;
    const tenure: Tenure = { name: 'x', term, holder: `m${term}` };
    tasks.holder = tenure;
    // Their clocks differ.
    const shift = (term % 3) * 700;
    const own: Clock = {
      now: () => clock.now(),
      sinceBoot: () => clock.sinceBoot(),
      at: (time, call) => clock.at(time, call),
      wall: () => clock.wall() + shift,
    };
    const relay = new Relay({
      ...{ name: 'x', store: tasks.connect(() => this.fate), outbox: outbox.connect((_, run) => this.call(run)) },
      ...{ clock: own, poll: POLL, reads: new ReadLimit() },
      through: () => tasks.done,
      stored: () => {},
      duplicate: () => {},
      trouble: () => {},
    });
    relay.start(tenure);
    this.relays.push(relay);
    if (this.relays.length > 2) this.relays.shift()?.end();
  }

  happen({ what, there, back, lost }: Happening): void {
    this.fate = { there, back, ...(lost === undefined ? {} : { lost }) };
    const { clock, tasks, outbox, relays, committed } = this;
    const relay = relays.at(-1);
    const id = `task ${committed.length}`;
    switch (what) {
      case 'commit':
        committed.push(id);
        outbox.commit({ id, bytes });
        break;
      case 'delay':
        committed.push(id);
        outbox.put({ id, bytes, at: new Date(clock.wall() + 5 * there), origin: `origin ${id}` });
        break;
      case 'submit':
        tasks.add({ id: `plain ${tasks.next}`, bytes });
        break;
      case 'done':
      case 'allDone':
        // Its queue reads them before it runs them.
        relay?.saw([...tasks.tasks.values()].filter(({ seq }) => seq > tasks.done));
        tasks.done = what === 'allDone' ? tasks.next - 1 : Math.min(tasks.done + 1, tasks.next - 1);
        break;
      case 'trim':
        this.trim(relay?.trimLimit() ?? 0);
        break;
      case 'follow':
        this.follow();
        break;
      case 'crash':
        for (const each of relays.splice(0)) each.end();
        this.follow();
        break;
      default:
        for (const each of relays) each.look();
    }
  }

  private trim(limit: number): void {
    const { tasks } = this;
    for (const seq of tasks.tasks.keys()) if (seq <= Math.min(limit, tasks.done)) tasks.tasks.delete(seq);
  }

  async calm(): Promise<void> {
    this.fate = { there: 0, back: 0 };
    for (let turn = 0; turn < 60 && this.outbox.lines.size > 0; turn += 1) {
      this.relays.at(-1)?.look();
      await this.clock.advance(POLL);
    }
  }
}

test('each entry becomes one task, whatever happens', { timeout: 60_000 }, async () => {
  const property = fc.asyncProperty(
    fc.array(event, { minLength: 10, maxLength: 80, size: 'max' }),
    async (happenings) => {
      const world = new World();
      for (const happening of happenings) {
        world.happen(happening);
        await world.clock.advance(happening.after);
      }
      await world.calm();
      expect(world.outbox.lines.size, 'entries that stay').toBe(0);
      const counts = world.committed.map((id) => world.queued.get(id) ?? 0);
      expect(counts, 'how often each was queued').toEqual(counts.map(() => 1));
      for (let turn = 0; turn < 5; turn += 1) {
        world.happen({ what: 'allDone', after: 0, there: 0, back: 0, lost: undefined });
        world.happen({ what: 'trim', after: 0, there: 0, back: 0, lost: undefined });
        await world.clock.advance(1100);
      }
      expect(world.tasks.tasks.size, 'tasks that are never trimmed').toBe(0);
    },
  );
  await fc.assert(property, runs(1500));
});
