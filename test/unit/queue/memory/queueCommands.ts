/** What may happen to the members of a `QueueWorld`, as commands that fast-check draws, runs and shrinks. */
import fc from 'fast-check';
import type { Member, Outcome, QueueWorld } from './queueWorld.ts';

type Happening = fc.AsyncCommand<object, QueueWorld>;

class Step implements Happening {
  constructor(
    private readonly text: string,
    private readonly happens: (world: QueueWorld) => Promise<void> | void,
    private readonly needsMaster = false,
  ) {}

  /** The model lives in the world, which checks it on every step. */
  check(): boolean {
    return true;
  }

  async run(_model: object, world: QueueWorld): Promise<void> {
    if (this.needsMaster && world.master === undefined) return;
    await this.happens(world);
    await world.settle();
  }

  toString(): string {
    return this.text;
  }
}

function memberOf(world: QueueWorld, index: number): Member {
  const member = world.members[index % world.members.length];
  if (member === undefined) throw new Error('there are members');
  return member;
}

const who = fc.nat({ max: 3 });
const outcome: fc.Arbitrary<Outcome> = fc.record({
  done: fc.integer({ min: 0, max: 8 }),
  end: fc.constantFrom('late', 'late', 'refused', 'thrown'),
});

const feed = fc
  .tuple(who, fc.integer({ min: 1, max: 12 }))
  .map(([index, count]) => new Step(`feed(${index}, ${count})`, (world) => world.feed(memberOf(world, index), count)));
const work = fc
  .array(outcome, { minLength: 1, maxLength: 10 })
  .map((outcomes) => new Step(`work(${JSON.stringify(outcomes)})`, (world) => world.work(outcomes), true));
const look = who.map((index) => new Step(`look(${index})`, (world) => world.look(memberOf(world, index))));
const elect = who.map((index) => new Step(`elect(${index})`, (world) => world.elect(memberOf(world, index))));
const crash = who.map((index) => new Step(`crash(${index})`, (world) => world.crash(memberOf(world, index))));
const beat = fc.constant(new Step('beat', (world) => world.beat(), true));
const fence = fc.constant(new Step('fence', (world) => world.fence(), true));
const depose = fc.constant(new Step('depose', (world) => world.depose(), true));
const release = fc.constant(new Step('release', (world) => world.release(), true));
/** As much as a lease of long ids cannot list, between two looks of the others. */
const spree = fc.integer({ min: 10, max: 40 }).map(
  (tasks) =>
    new Step(
      `spree(${tasks})`,
      async (world) => {
        if (world.master !== undefined) await world.feed(world.master, tasks);
        await world.work(Array.from({ length: tasks }, () => ({ done: 8, end: 'late' })));
        world.beat();
      },
      true,
    ),
);
const wait = fc.integer({ min: 1, max: 60 }).map((ms) => new Step(`wait(${ms})`, (world) => world.settle(ms)));

/** Much work, few failovers; each at any moment. */
export const happenings: fc.Arbitrary<Iterable<Happening>> = fc.commands(
  [feed, feed, work, work, work, beat, beat, look, look, elect, elect, spree, fence, depose, crash, release, wait],
  { maxCommands: 80, size: 'max' },
);
