import { Double, deserialize, Long, serialize } from 'bson';
import { expect, test } from 'vitest';
import {
  CHECKSUM_PRESENT,
  changeMessage,
  commandName,
  EXHAUST_ALLOWED,
  MessageCutter,
  MORE_TO_COME,
  makeAnswer,
  makeMessage,
  readMessage,
} from '../../support/wire.ts';

test('a message that was made is read as it was', () => {
  const read = readMessage(makeMessage(7, 5, { ping: 1, $db: 'admin' }, MORE_TO_COME | EXHAUST_ALLOWED));
  expect(read).toMatchObject({ op: 'msg', requestId: 7, responseTo: 5, body: { ping: 1, $db: 'admin' } });
  expect(read.flags).toBe(MORE_TO_COME | EXHAUST_ALLOWED);
  expect(commandName(read.body)).toBe('ping');
});

test('messages are cut out of a stream whose pieces end anywhere', () => {
  const stream = Buffer.concat([1, 2, 3].map((id) => makeMessage(id, 0, { n: id })));
  for (const size of [1, 3, 16, 20, stream.length]) {
    const cutter = new MessageCutter();
    const found: number[] = [];
    for (let at = 0; at < stream.length; at += size) {
      for (const bytes of cutter.push(stream.subarray(at, at + size))) found.push(readMessage(bytes).body.n);
    }
    expect(found).toEqual([1, 2, 3]);
  }
});

test('a stream that is no protocol is refused', () => {
  for (const length of [15, -1, 48_000_001]) {
    const bytes = Buffer.alloc(16);
    bytes.writeInt32LE(length, 0);
    expect(() => new MessageCutter().push(bytes)).toThrow(RangeError);
  }
  const compressed = makeMessage(1, 0, {});
  compressed.writeInt32LE(2012, 12);
  expect(() => readMessage(compressed)).toThrow('2012');
});

test('documents that come in a section of their own are part of the command, and a checksum is not', () => {
  const plain = makeMessage(1, 0, { insert: 'tasks', $db: 'x' }, CHECKSUM_PRESENT);
  const documents = [serialize({ _id: 1 }), serialize({ _id: 2 })];
  const name = Buffer.from('documents\0');
  const size = Buffer.alloc(4);
  size.writeInt32LE(4 + name.length + documents.reduce((sum, { length }) => sum + length, 0));
  const bytes = Buffer.concat([plain, Buffer.from([1]), size, name, ...documents, Buffer.from('sum!')]);
  bytes.writeInt32LE(bytes.length, 0);
  expect(readMessage(bytes).body).toEqual({ insert: 'tasks', $db: 'x', documents: [{ _id: 1 }, { _id: 2 }] });
});

test('an old request has an old answer', () => {
  const head = Buffer.alloc(20);
  const rest = Buffer.concat([Buffer.from('admin.$cmd\0'), Buffer.alloc(8), Buffer.from(serialize({ ismaster: 1 }))]);
  const bytes = Buffer.concat([head, rest]);
  for (const [index, value] of [bytes.length, 3, 0, 2004].entries()) bytes.writeInt32LE(value, index * 4);
  const request = readMessage(bytes);
  expect(request).toMatchObject({ op: 'query', requestId: 3, body: { ismaster: 1 } });
  const answer = makeAnswer(request, 9, { ok: 1 });
  expect(readMessage(answer)).toMatchObject({ op: 'reply', requestId: 9, responseTo: 3, body: { ok: 1 } });
  expect(deserialize(answer.subarray(36))).toEqual({ ok: 1 });
});

test('a message that is changed keeps the types of all other values', () => {
  const body = {
    find: 'x',
    one: new Double(1),
    two: Long.fromNumber(2),
    bytes: Buffer.from('three'),
    at: new Date(4),
    n: null,
  };
  const message = readMessage(makeMessage(1, 0, { ...body, $db: 'x' }));
  const changed = changeMessage(message, (found) => ({ ...found, $db: 'y' }));
  expect(changed).toEqual(makeMessage(1, 0, { ...body, $db: 'y' }));
});
