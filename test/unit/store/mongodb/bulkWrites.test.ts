/** What is made of the answer to a `bulkWrite`, and when an `update` is sent in its place. */
import { MongoServerError } from 'mongodb';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Fields } from '../../../../src/store/documents.ts';
import { BulkWrites } from '../../../../src/store/mongodb/bulkWrites.ts';
import { Commands } from '../../../../src/store/mongodb/commands.ts';
import type { Settings } from '../../../../src/store/mongodb/settings.ts';
import { storeError } from '../../../../src/store/mongodb/storeErrors.ts';

const settings = {
  label: 'mongodb://db/test',
  database: 'test',
  secrets: [],
  commandTimeout: 1000,
} as unknown as Settings;
const updates = ['a', 'b', 'c'].map((name) => ({ q: { _id: name }, u: { $set: { beat: 1 } } }));

let sent: Fields[];
let answer: Fields | Error;
let wireVersion: number;
let bulk: BulkWrites;

const update = () => bulk.update('beat', 'failover', updates);
const told = (...firstBatch: unknown[]): Fields => ({ cursor: { firstBatch, id: 0 } });
const refusal = (code: number): Error => new MongoServerError({ message: 'refused', code });

beforeEach(() => {
  sent = [];
  wireVersion = 25;
  const run = async (what: string, command: Fields): Promise<Fields> => {
    sent.push(command);
    if (answer instanceof Error) throw storeError(answer, what, settings);
    return answer;
  };
  bulk = new BulkWrites(new Commands(run, settings), () => wireVersion);
});

describe('the answer', () => {
  test('says of each statement whether it has matched, or what has failed, in whatever order', async () => {
    answer = told(
      { idx: 2, ok: 1, n: 1 },
      { idx: 0, ok: 1, n: 0 },
      { idx: 1, ok: 0, n: 0, code: 112, errmsg: 'conflict' },
    );
    expect(await update()).toEqual([
      false,
      expect.objectContaining({ code: 'ERR_STORE_UNAVAILABLE', message: expect.stringContaining('conflict') }),
      true,
    ]);
    expect(sent).toEqual([
      {
        bulkWrite: 1,
        ops: updates.map(({ q, u }) => ({ update: 0, filter: q, updateMods: u, multi: false })),
        nsInfo: [{ ns: 'test.failover' }],
        ...{ ordered: false, errorsOnly: false, maxTimeMS: 1000 },
        writeConcern: { w: 'majority', j: true, wtimeout: 1000 },
      },
    ]);
  });

  test('that leaves some out says nothing of them', async () => {
    answer = told({ idx: 1, ok: 1, n: 1 });
    expect(await update()).toEqual([null, true, null]);
  });

  test.each([
    ['no cursor', {}],
    ['another statement', told({ idx: 3, ok: 1, n: 1 })],
    ['no number', told({ ok: 1, n: 1 })],
    ['several matches of one', told({ idx: 0, ok: 1, n: 2 })],
    ['no sum', told({ idx: 0, ok: 1 })],
    ['no document', told(1)],
  ])('that has %s is refused', async (_, strange) => {
    answer = strange;
    await expect(update()).rejects.toMatchObject({ code: 'ERR_STORE', message: expect.stringContaining('malformed') });
  });
});

describe('an update is sent in its place', () => {
  test('to a server that does not have it', async () => {
    for (wireVersion of [0, 21, 24]) expect(await update()).toBeNull();
    expect(sent).toEqual([]);
  });

  test.each([13, 59, 72, 323, 40_415])('after a refusal with code %d, until the next connection', async (code) => {
    answer = refusal(code);
    expect(await update()).toBeNull();
    expect(await update()).toBeNull();
    expect(sent).toHaveLength(1);
    bulk.reconnected();
    answer = told({ idx: 0, ok: 1, n: 1 });
    expect(await update()).toEqual([true, null, null]);
  });

  test('but not after an error that may have come when something was done', async () => {
    for (const code of [50, 64, 91, 11_602]) {
      answer = refusal(code);
      await expect(update()).rejects.toMatchObject({ name: 'StoreError' });
    }
    answer = told();
    expect(await update()).toEqual([null, null, null]);
  });
});
