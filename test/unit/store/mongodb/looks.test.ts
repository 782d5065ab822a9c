/** Looks at more leases than one answer holds, and at one that cannot be read. */
import { beforeEach, expect, test } from 'vitest';
import { StoreError } from '../../../../src/errors.ts';
import type { Fields } from '../../../../src/store/documents.ts';
import { Commands } from '../../../../src/store/mongodb/commands.ts';
import { Looks } from '../../../../src/store/mongodb/looks.ts';
import { MongodbOrders } from '../../../../src/store/mongodb/mongodbOrders.ts';
import type { Settings } from '../../../../src/store/mongodb/settings.ts';

const settings = { label: 'mongodb://db/test', secrets: [], commandTimeout: 1000 } as unknown as Settings;
const mark = { _id: 'settled', epoch: 'e', wait: 9 };
const progress = { identifier: null, count: 0, recent: [] };
const lease = (name: string, beat: unknown = 0): Fields => ({
  ...{ _id: `lease/${name}`, term: 1, beat, ack: 0, holder: 'h', claim: 'c', ttl: 5, ...progress },
});

let sent: Fields[];
let answer: (command: Fields) => Fields;
let looks: Looks;
let orders: MongodbOrders;

beforeEach(() => {
  sent = [];
  const commands = new Commands(async (_, command) => {
    sent.push(command);
    return answer(command);
  }, settings);
  orders = new MongodbOrders(commands);
  looks = new Looks({
    commands,
    orders,
    settled: 'settled',
    beginEpoch: () => Promise.reject(new Error('it is there')),
  });
});

const asked = (count: number) => Array.from({ length: count }, (_, index) => ({ name: `${index}`, tip: 1 }));
const all = (firstBatch: Fields[], id: unknown = 0): Fields => ({ cursor: { firstBatch, id } });

test('leases that fit into one answer are one command', async () => {
  answer = () => all([lease('7'), mark]);
  const seen = await looks.observeAll(asked(300));
  expect(sent).toHaveLength(1);
  expect(seen.map((look) => 'lease' in look && look.lease !== null).indexOf(true)).toBe(7);
});

test('an answer that is cut is not taken for the whole: they are asked for in parts', async () => {
  answer = ({ killCursors, singleBatch }) => {
    if (killCursors !== undefined) return { ok: 1 };
    // Cut before lease 250, which would look like one that is not there.
    return singleBatch === true ? all([lease('250'), mark]) : all([mark], 5);
  };
  const seen = await looks.observeAll(asked(300));
  expect(seen[250]).toMatchObject({ lease: { holder: 'h' } });
  expect(sent.filter(({ find }) => find !== undefined)).toHaveLength(4);
  expect(sent.find(({ killCursors }) => killCursors !== undefined)).toMatchObject({ cursors: [5] });
});

test('orders are asked for in parts as well', async () => {
  answer = ({ killCursors, singleBatch }) => (killCursors === undefined && singleBatch !== true ? all([], 5) : all([]));
  expect(await orders.readOrders(asked(300))).toHaveLength(300);
  expect(sent.filter(({ find }) => find !== undefined)).toHaveLength(4);
});

test('one that cannot be read is its own error, and that of a call for all', async () => {
  answer = () => all([lease('0', 'many'), lease('1'), mark]);
  const [damaged, fine] = await looks.observeAll(asked(2));
  expect(damaged).toBeInstanceOf(StoreError);
  expect(fine).toMatchObject({ lease: { holder: 'h' } });
});

test('a command that fails is the error of those that it was for', async () => {
  const lost = new StoreError('ERR_STORE_UNAVAILABLE', 'no answer');
  let calls = 0;
  answer = () => {
    calls += 1;
    if (calls === 1) throw lost;
    return all([mark]);
  };
  const seen = await looks.observeAll(asked(1200));
  expect(seen.filter((look) => look === lost)).toHaveLength(1000);
  expect(seen[1100]).toMatchObject({ lease: null });
});
