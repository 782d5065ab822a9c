/** What a task holds, as text: exact, short, and never more than `redact` lets through. */
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { idOf, idText, payloadText, SHOWN_MAX } from '../../../src/page/payloads.ts';
import { encodeTask } from '../../../src/task/taskCodec.ts';

function encoded(task: object): Uint8Array {
  return encodeTask(task, 16_000_000, (most, write) => {
    const block = new Uint8Array(most);
    return block.subarray(0, write(block, 0));
  });
}

const shown = (task: object, redact: ((task: unknown, name: string) => unknown) | null = null) =>
  payloadText(encoded(task), 'a', redact);

test('numbers of 64 bits, dates and bytes are exact', () => {
  const task = { id: 7, big: 2n ** 62n + 1n, at: new Date(0), bytes: Buffer.from('x'), not: Number.NaN };
  expect(JSON.parse(shown(task).payload ?? '')).toEqual({
    id: 7,
    big: { $numberLong: '4611686018427387905' },
    at: { $date: '1970-01-01T00:00:00Z' },
    bytes: { $binary: { base64: 'eA==', subType: '00' } },
    not: { $numberDouble: 'NaN' },
  });
});

test('keys of prototypes are keys as any other', () => {
  const task = JSON.parse('{"__proto__":{"x":1},"constructor":"<script>alert(1)</script>","toJSON":2}');
  expect(shown(task).payload).toBe('{"__proto__":{"x":1},"constructor":"<script>alert(1)</script>","toJSON":2}');
});

test('a long one is cut, and not within a character', () => {
  const { payload, cut } = shown({ text: `x${'😀'.repeat(5000)}` });
  expect([payload?.length, cut]).toEqual([SHOWN_MAX, true]);
  const odd = shown({ text: '😀'.repeat(5000) });
  expect(odd.payload).not.toMatch(/\p{Surrogate}/u);
  expect(shown({ text: 'short' })).toEqual({ payload: '{"text":"short"}' });
});

test('redact decides what is shown, and its failure shows nothing', () => {
  const task = { id: 1, card: '4111' };
  expect(shown(task, (given) => ({ ...Object(given), card: '…' }))).toEqual({ payload: '{"id":1,"card":"…"}' });
  expect(shown(task, () => undefined)).toEqual({ payload: '"(hidden)"' });
  const circle: Record<string, unknown> = { card: '4111' };
  circle.self = circle;
  const failures = [
    () => {
      throw new Error('4111');
    },
    () => circle,
    () => Symbol('4111'),
  ];
  for (const redact of failures) expect(shown(task, redact).payload ?? '').not.toContain('4111');
});

test('bytes that are no task are said to be so', () => {
  expect(payloadText(Buffer.from('nothing'), 'a', null)).toEqual({ payload: '"(these bytes are no task)"' });
  fc.assert(fc.property(fc.uint8Array(), (bytes) => void payloadText(bytes, 'a', null)));
});

test('an id comes back as it was, the number 7 apart from the text', () => {
  expect([idText(7), idText('7')]).toEqual(['7', '"7"']);
  fc.assert(
    fc.property(fc.oneof(fc.integer(), fc.string({ minLength: 1, maxLength: 100 })), (id) => {
      expect(idOf(idText(id))).toBe(id);
    }),
  );
  for (const none of ['', 'null', '{}', '[1]', 'NaN', '""', 'x', 7, null, {}]) expect(idOf(none)).toBe(undefined);
});

test('a promise of `redact` shows nothing, and its rejection ends nothing', async () => {
  const unhandled: unknown[] = [];
  const note = (error: unknown) => unhandled.push(error);
  process.on('unhandledRejection', note);
  onTestFinished(() => void process.off('unhandledRejection', note));
  for (const redact of [
    async (task: unknown) => task,
    async () => Promise.reject(new Error('no')),
    () => ({
      // biome-ignore lint/suspicious/noThenProperty: a thenable of another library
      then() {
        throw new Error('no');
      },
    }),
  ]) {
    expect(shown({ id: 1, card: '4111' }, redact).payload).toContain('has returned a promise');
  }
  await new Promise((resolve) => setImmediate(resolve));
  expect(unhandled).toEqual([]);
});
