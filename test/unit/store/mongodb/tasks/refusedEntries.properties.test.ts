/** An entry that is refused and mended comes back as it was, whatever lands late or twice. The real servers are asked in test/contract. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Fields, isFields } from '../../../../../src/store/documents.ts';
import { Commands } from '../../../../../src/store/mongodb/commands.ts';
import { MendedEntries, refusalOf } from '../../../../../src/store/mongodb/tasks/refusedEntries.ts';
import { runs } from '../../../../support/propertyRuns.ts';
import { settings } from '../fakeTasks.ts';

const now = new Date(1_700_000_000_000);
type Change = { readonly q: Fields; readonly u: Fields };

/** Evaluates as much of a filter as is asked here. */
function matches(document: Fields, filter: Fields): boolean {
  return Object.entries(filter).every(([field, wanted]) => {
    const value = document[field] ?? null;
    if (field === '$nor') return !(wanted as Fields[]).some((part) => matches(document, part));
    if (!isFields(wanted) || wanted instanceof Date) return value === wanted;
    const [[operator, operand]] = Object.entries(wanted) as [[string, unknown]];
    if (operator === '$in') return (operand as unknown[]).includes(value);
    if (operator === '$gte') return value instanceof Date && value >= (operand as Date);
    if (operator === '$ne') return value !== operand;
    if (operator === '$exists') return field in document === operand;
    throw new Error(`no ${operator} here`);
  });
}

function apply(document: Fields, { $set = {}, $unset = {} }: Fields): Fields {
  const left = Object.entries(document).filter(([field]) => !(field in ($unset as Fields)));
  return { ...Object.fromEntries(left), ...($set as Fields) };
}

/** One entry, and the updates of it that are on their way. */
class World {
  readonly held: (() => void)[] = [];
  entry: Fields;

  constructor(readonly at: unknown) {
    this.entry = { _id: 'e', name: 'q', ...(at === undefined ? {} : { at }) };
  }

  private readonly commands = new Commands(async (_what, command) => {
    if ('find' in command) {
      const isFound = matches(this.entry, command.filter as Fields);
      return { cursor: { firstBatch: isFound ? [this.entry] : [], id: 0 } };
    }
    await new Promise<void>((resolve) => this.held.push(resolve));
    const [{ q, u }] = command.updates as [Change];
    const n = matches(this.entry, q) ? 1 : 0;
    if (n === 1) this.entry = apply(this.entry, u);
    return { n };
  }, settings);

  /** Another master each time, so it looks at once. */
  restore(): Promise<void> {
    return new MendedEntries(this.commands, { now: () => 0 }).restore(['q']);
  }

  /** As a person does. */
  mend($set: Fields = {}): void {
    this.entry = apply(this.entry, { $set, $unset: { refused: '' } });
  }

  get isRefused(): boolean {
    return (this.entry.refused ?? null) !== null;
  }

  /** Whether a look finds it. */
  get isDue(): boolean {
    const { at = null } = this.entry;
    return !this.isRefused && !(at instanceof Date && at > now);
  }
}

const step = fc.constantFrom('read', 'refuse', 'refuse late', 'mend', 'restore', 'land', 'give a time');
const times = fc.constantFrom<unknown>(undefined, null, new Date(0), now, 'tomorrow', 5, { date: 'x' });

test('refused, mended and restored in any order, by two masters, it is due again as it was', async () => {
  const property = fc.asyncProperty(times, fc.array(step, { maxLength: 25 }), async (at, steps) => {
    const world = new World(at);
    const read: unknown[] = [];
    let isGiven = false;
    const refuse = (seen: unknown): void => {
      world.entry = apply(world.entry, refusalOf({ key: 'e', origin: 'e', problem: 'it is bad', at: seen }, now));
    };
    for (const each of steps) {
      if (each === 'read' && world.isDue) read.push(world.entry.at);
      else if (each === 'refuse' && read.length > 0) refuse(read.at(-1));
      else if (each === 'refuse late' && read.length > 0) refuse(read[0]);
      else if (each === 'mend') world.mend();
      else if (each === 'restore') void world.restore();
      else if (each === 'land') world.held.shift()?.();
      else if (each === 'give a time' && world.isRefused) {
        // By which it is due at once, and no master need come.
        isGiven = true;
        world.mend({ at: now });
        expect(world.isDue).toBe(true);
      }
      // What lands must be done before the next step.
      await new Promise((resolve) => setImmediate(resolve));
      const isParked = 'wasAt' in world.entry;
      if (world.isRefused) expect([isParked, world.isDue]).toEqual([true, false]);
      else if (!isParked) expect(world.isDue).toBe(true);
    }
    world.mend();
    const last = [world.restore(), world.restore()];
    for (let turn = 0; turn < 20; turn++) {
      world.held.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(last);
    expect(world.isDue).toBe(true);
    const { at: due = null, ...rest } = world.entry;
    if (isGiven) return;
    expect(rest).toEqual({ _id: 'e', name: 'q' });
    if (at instanceof Date || at === undefined || at === null) expect(due).toEqual(at ?? null);
    else expect(due instanceof Date, 'what was no date stays none').toBe(false);
  });
  await fc.assert(property, runs(500));
});

test('no more than one look at those in 30 s, and what it refuses stays out of it', async () => {
  let finds = 0;
  let clock = 0;
  const commands = new Commands(async () => {
    finds += 1;
    return { cursor: { firstBatch: [], id: 0 } };
  }, settings);
  const mended = new MendedEntries(commands, { now: () => clock });
  for (; clock < 90_000; clock += 500) await mended.restore(['q']);
  expect(finds).toBe(3);
});
