/** How the page reads lists: what it asks for, and what stays. */
import { beforeEach, expect, test, vi } from 'vitest';

const PAGE = 50;
let there: number[];
let asked: number[];

vi.mock('../../../src/page/static/wire.js', () => ({
  read: async (_: string, { after }: { after: number }) => {
    asked.push(after);
    const numbers = there.filter((number) => number > after).slice(0, PAGE);
    const entries = numbers.map((number) => ({ number, id: `"${number}"` }));
    return { entries, next: numbers.length < PAGE ? null : (numbers.at(-1) ?? null) };
  },
  write: async () => ({}),
}));

interface List {
  readonly entries: { readonly number: number }[];
  readonly next: number | null;
  readonly chosen: Set<number>;
}

interface Shown {
  readonly name: string;
  readonly lists: { letters?: List };
  render(): void;
}

// A script of the browser, which has no types.
const file = new URL('../../../src/page/static/lists.js', import.meta.url).href;
const { readList }: { readList(page: Shown, kind: 'letters', way?: string): Promise<void> } = await import(file);

const upTo = (number: number) => Array.from({ length: number }, (_, index) => index + 1);
const numbersOf = ({ lists }: Shown) => lists.letters?.entries.map(({ number }) => number);
let page: Shown;

beforeEach(() => {
  page = { name: 'a', lists: {}, render: () => {} };
  [there, asked] = [upTo(120), []];
});

async function openAll(): Promise<void> {
  await readList(page, 'letters', 'first');
  await readList(page, 'letters', 'more');
  await readList(page, 'letters', 'more');
}

test('each page more is one request', async () => {
  await openAll();
  expect(asked).toEqual([0, 50, 100]);
  expect([numbersOf(page), page.lists.letters?.next]).toEqual([upTo(120), null]);
});

test('a change reads the first page again, whatever is open, and shows that there may be more behind the last one', async () => {
  await openAll();
  page.lists.letters?.chosen.add(3).add(110);
  asked = [];
  there = [...there.slice(10), 121];
  await readList(page, 'letters', 'first');
  expect(asked).toEqual([0]);
  expect(numbersOf(page)).toEqual(upTo(120).slice(10));
  expect([page.lists.letters?.next, [...(page.lists.letters?.chosen ?? [])]]).toEqual([120, [110]]);
  await readList(page, 'letters', 'more');
  expect(numbersOf(page)).toEqual(upTo(121).slice(10));
});

test('what is left after all but a few have gone is the first page', async () => {
  await openAll();
  there = [7, 119];
  await readList(page, 'letters', 'first');
  expect([numbersOf(page), page.lists.letters?.next]).toEqual([[7, 119], null]);
});

test('after an action of its own it reads all that is open again', async () => {
  await openAll();
  asked = [];
  there = there.filter((number) => number !== 70);
  await readList(page, 'letters');
  expect(asked).toEqual([0, 50, 101]);
  expect(numbersOf(page)).toEqual(there);
});
