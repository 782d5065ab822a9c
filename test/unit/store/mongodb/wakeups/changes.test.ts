/** What the filters of the change streams let through, by the operators of MongoDB that they use. */
import { describe, expect, test } from 'vitest';
import { type Fields, isFields } from '../../../../../src/store/documents.ts';
import { filterOf, hintOf } from '../../../../../src/store/mongodb/wakeups/changes.ts';

const operators: Record<string, (value: unknown, wanted: unknown) => boolean> = {
  $in: (value, wanted) => Array.isArray(wanted) && wanted.includes(value),
  $type: (value, wanted) => (wanted === 'null' ? value === null : wanted === typeof value),
  $regex: (value, wanted) => typeof value === 'string' && new RegExp(String(wanted)).test(value),
};

/** The field of a path; undefined if there is none. */
function at(document: unknown, [first, ...rest]: readonly string[]): unknown {
  if (first === undefined) return document;
  return isFields(document) ? at(document[first], rest) : undefined;
}

function matches(event: Fields, filter: Fields): boolean {
  return Object.entries(filter).every(([path, wanted]) => {
    if (path === '$or') return Array.isArray(wanted) && wanted.some((one) => matches(event, one));
    const value = at(event, path.split('.'));
    if (!isFields(wanted)) return value === wanted;
    return Object.entries(wanted).every(([operator, operand]) => operators[operator]?.(value, operand) ?? false);
  });
}

const updated = (_id: string, updatedFields: Fields): Fields => ({
  operationType: 'update',
  documentKey: { _id },
  updateDescription: { updatedFields },
});
const inserted = (fullDocument: Fields): Fields => ({
  operationType: 'insert',
  documentKey: { _id: fullDocument._id },
  fullDocument,
});
const changed = (operationType: string, _id: string): Fields => ({ operationType, documentKey: { _id } });

/** Of a name that is hosted, and what the hint of each is about: that name, or all. */
const wanted: readonly [string, Fields, 'name' | 'all'][] = [
  ['a release', updated('lease/a', { beat: 7, holder: null, at: 1 }), 'name'],
  ['a release for the dead', updated('lease/a', { holder: null, died: 'claim' }), 'name'],
  ['a term that was won', inserted({ _id: '2/a', name: 'a', term: 2 }), 'name'],
  ['an order that is new', inserted({ _id: 'orders/a', subsystem: 'a', version: 1 }), 'name'],
  ['an order that changes', updated('orders/a', { version: 2 }), 'name'],
  ['an order that is replaced', changed('replace', 'orders/a'), 'name'],
  ['an order that goes', changed('delete', 'orders/a'), 'name'],
  ['a machine that is drained', inserted({ _id: 'drain/host/h', by: 'me' }), 'all'],
  ['one that is not any more', changed('delete', 'drain/process/h/1/2'), 'all'],
  ['a collection that is dropped', { operationType: 'drop' }, 'all'],
  ['the end of a stream', { operationType: 'invalidate' }, 'all'],
];
const unwanted: readonly [string, Fields][] = [
  ['a beat', updated('lease/a', { beat: 8, count: 3, recent: [1], identifier: 1, at: 1 })],
  ['an acknowledgement', updated('lease/a', { ack: 3, done: 7 })],
  ['a claim, which has no term yet', updated('lease/a', { holder: 'h', claim: 'c', term: 2 })],
  ['the first lease', inserted({ _id: 'lease/a', holder: 'h' })],
  ['terms that are trimmed', changed('delete', '1/a')],
  ['the mark of a settled store', updated('settled', { wait: 4500 })],
  ['a preference that is counted on', updated('priority/a', { count: 8 })],
];

describe.each([
  ['few names', ['a', 'b']],
  ['more than a filter holds', ['a', ...Array.from({ length: 2000 }, (_, number) => `n${number}`)]],
])('with %s', (_, names) => {
  const [{ $match }] = filterOf('lease', names) as [{ $match: Fields }];

  test.each(wanted)('the server tells of %s', (_what, event, about) => {
    expect(matches(event, $match)).toBe(true);
    const { concerns } = hintOf('lease', [event]);
    expect([concerns('a'), concerns('c')]).toEqual([true, about === 'all']);
  });

  test.each(unwanted)('it does not tell of %s', (_what, event) => {
    expect(matches(event, $match)).toBe(false);
  });

  test('it tells of stored tasks, and not of their attempts or their end', () => {
    const [{ $match: ofTasks }] = filterOf('tasks', names) as [{ $match: Fields }];
    expect(matches(inserted({ _id: '1/a', name: 'a', seq: 1, payload: 'x' }), ofTasks)).toBe(true);
    expect(matches(updated('1/a', { attempts: 1 }), ofTasks)).toBe(false);
    expect(matches(changed('delete', '1/a'), ofTasks)).toBe(false);
  });
});

test('names that are not hosted are left out on the server', () => {
  const [{ $match }] = filterOf('lease', ['a']) as [{ $match: Fields }];
  for (const event of [
    updated('lease/b', { holder: null }),
    inserted({ _id: '2/b', name: 'b', term: 2 }),
    changed('delete', 'orders/b'),
  ]) {
    expect(matches(event, $match)).toBe(false);
  }
});

test('the payload of a task does not cross the network', () => {
  const [, { $project }] = filterOf('tasks', ['a']) as [Fields, { $project: Fields }];
  expect($project).toEqual({ operationType: 1, documentKey: 1, 'fullDocument.name': 1 });
});
