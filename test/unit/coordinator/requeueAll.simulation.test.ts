/**
 * `requeueAll` by several members at once, whose calls are slow and lost, and which die in between: no letter is lost, none is put back
 * twice but by a call that was cut off, and each call heeds its filter and its limit.
 */
import { expect, test } from 'vitest';
import { DeadLetters } from '../../../src/coordinator/deadLetters.ts';
import { DurableDuty } from '../../../src/coordinator/duties/durableDuty.ts';
import { TaskChanges } from '../../../src/facade/taskChanges.ts';
import { ReadLimit } from '../../../src/queue/readLimit.ts';
import type { TaskStore } from '../../../src/store/taskStore.ts';
import type { Caller, RequeuedAll } from '../../../src/wire/messages.ts';
import { emptyOutbox } from '../../support/emptyOutbox.ts';
import { MemoryScheduleStore } from '../../support/memoryScheduleStore.ts';
import { MemoryTasks, type TaskFate } from '../../support/memoryTaskStore.ts';
import { runs } from '../../support/propertyRuns.ts';
import { randomFrom } from '../../support/random.ts';
import { VirtualClock } from '../../support/virtualClock.ts';
import { NAME, POLL, Told } from './duties/duties.ts';

const LETTERS = 9;
const MEMBERS = 4;
const illnesses = ['measles', 'mumps'] as const;

interface Call {
  readonly of: string | undefined;
  readonly limit: number | undefined;
}

class RequeueWorld {
  readonly clock = new VirtualClock();
  readonly store = new MemoryTasks(this.clock);
  readonly faults: string[] = [];
  /** How many calls were cut off, by a lost one to the store or by a death. */
  cutOff = 0;
  private readonly random: () => number;

  constructor(
    seed: number,
    private readonly isBad: boolean,
  ) {
    this.random = randomFrom(seed);
    const letter = {
      queue: NAME,
      bytes: new Uint8Array(5),
      attempts: 1,
      at: new Date(0),
      name: 'Error',
      code: undefined,
    };
    for (let seq = 1; seq <= LETTERS; seq += 1)
      this.store.letters.push({ ...letter, seq, id: `l${seq}`, message: `ill of ${illnessOf(seq)}` });
    this.store.next = LETTERS + 1;
    this.store.done = LETTERS;
  }

  /** Members that put letters back at once, each by a few calls. What they queue is done soon. */
  async run(): Promise<void> {
    for (let index = 0; index < MEMBERS; index += 1) void this.live(`m${index}`);
    for (let step = 0; step < 400; step += 1) {
      await this.clock.advance(25);
      if (this.random() < 0.3) this.store.done = this.store.next - 1;
    }
    const last = this.member('last', () => ({ there: 1, back: 1 }));
    const all = last({ of: undefined, limit: undefined });
    // For as long as a claim of a dead member holds.
    await this.clock.advance(LETTERS * 60_000);
    expect(await all).toMatchObject({ full: false });
  }

  /** How often each letter became a task. */
  get times(): number[] {
    const ids = [...this.store.tasks.values()].map(({ id }) => id);
    return Array.from({ length: LETTERS }, (_, index) => ids.filter((id) => id === `l${index + 1}`).length);
  }

  private async live(holder: string): Promise<void> {
    const { random, clock } = this;
    let isDead = false;
    const fate = (): TaskFate => {
      if (this.isBad && random() < 0.02) {
        isDead = true;
        this.cutOff += 1;
      }
      const late = { there: random() * 20, back: random() * 20 };
      if (isDead) return { ...late, there: Number.MAX_SAFE_INTEGER };
      return this.isBad && random() < 0.05 ? { ...late, lost: random() < 0.5 ? 'call' : 'answer' } : late;
    };
    const requeueAll = this.member(holder, fate);
    for (let calls = 0; calls < 4; calls += 1) {
      await new Promise<void>((resolve) => void clock.at(clock.now() + random() * 300, resolve));
      const of = random() < 0.3 ? undefined : illnesses[random() < 0.5 ? 0 : 1];
      const limit = random() < 0.5 ? undefined : 1 + Math.floor(random() * 4);
      const found = await requeueAll({ of, limit }).catch(() => {
        this.cutOff += 1;
        return { requeued: 0, duplicates: 0 };
      });
      if (found.requeued + found.duplicates > (limit ?? LETTERS)) this.faults.push(`${holder} heeds no limit`);
    }
  }

  private member(holder: string, fate: () => TaskFate): (call: Call) => Promise<RequeuedAll> {
    const { clock, faults } = this;
    let present: Call = { of: undefined, limit: undefined };
    const connected = this.store.connect(fate);
    const store: TaskStore = {
      ...connected,
      addTasks: (name, tasks, most) => {
        for (const { id } of tasks)
          if (present.of !== undefined && illnessOf(Number(String(id).slice(1))) !== present.of)
            faults.push(`${holder} puts ${id} back, which is not ill of ${present.of}`);
        return connected.addTasks(name, tasks, most);
      },
    };
    const letters = new DeadLetters({ store, name: NAME, holder, clock, poll: POLL });
    const duty = new DurableDuty({
      ...{ ...new Told().parts(clock), ...emptyOutbox(clock, POLL), store, holder, reads: new ReadLimit() },
      ...{ schedules: new MemoryScheduleStore(), clockAhead: async () => 'none', key: 'id', stored: () => {} },
    });
    const answers: Record<string, (...args: never[]) => Promise<unknown>> = {
      newestLetter: () => letters.newest(),
      listDeadLetters: (after: number) => letters.list(after),
      requeueLetter: (id: string, seq: number) => duty.requeueLetter(id, seq, letters),
    };
    const changes = new TaskChanges({
      ...{ name: NAME, options: { durable: true, cancelTimeout: 0 }, mustNotBeStopped: () => {}, removed: () => {} },
      call: (async (name: string, ...args: never[]) => answers[name]?.(...args)) as Caller,
      encode: () => ({ id: '', bytes: new Uint8Array(1) }),
    });
    return ({ of, limit }) => {
      present = { of, limit };
      return changes.requeueAll({ limit, error: of === undefined ? undefined : new RegExp(`ill of ${of}$`) });
    };
  }
}

function illnessOf(seq: number): string {
  return illnesses[seq % 2 === 0 ? 0 : 1];
}

const seeds = Array.from({ length: runs(20).numRuns }, (_, index) => index + 1);

test('several members at once put each letter back once', async () => {
  for (const seed of seeds) {
    const world = new RequeueWorld(seed, false);
    await world.run();
    expect({ seed, times: world.times }).toEqual({ seed, times: Array.from({ length: LETTERS }, () => 1) });
    expect({ seed, faults: world.faults, letters: world.store.letters }).toEqual({ seed, faults: [], letters: [] });
  }
});

test('of members whose calls are lost, and that die, none loses a letter', async () => {
  let twice = 0;
  let cutOff = 0;
  for (const seed of seeds) {
    const world = new RequeueWorld(seed, true);
    await world.run();
    const again = world.times.reduce((sum, times) => sum + times - 1, 0);
    expect({ seed, lost: world.times.filter((times) => times === 0).length }).toEqual({ seed, lost: 0 });
    expect({ seed, faults: world.faults, letters: world.store.letters }).toEqual({ seed, faults: [], letters: [] });
    expect(again, `seed ${seed}`).toBeLessThanOrEqual(world.cutOff);
    twice += again;
    cutOff += world.cutOff;
  }
  // Else the worlds were not worth their time.
  expect(cutOff).toBeGreaterThan(seeds.length / 2);
  expect(twice).toBeGreaterThan(0);
});
