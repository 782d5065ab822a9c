/** What the program hears of what has failed in it. */
import { expect, test } from 'vitest';
import { WARNED_EACH_MS, warner } from '../../../src/page/warnings.ts';

function told() {
  const texts: string[] = [];
  let now = 0;
  const failed = warner({ now: () => now, emit: (text) => void texts.push(text) });
  const wait = (ms: number) => {
    now += ms;
  };
  return { texts, failed, wait };
}

test('an error is told by its stack, without its fields and without a password', () => {
  const { texts, failed } = told();
  const config = { headers: { Authorization: 'Bearer of-the-login' } };
  const error = Object.assign(new Error('mongodb://me:secret@host refused'), { config, name: 'AxiosError' });
  failed(error);
  expect(texts).toEqual([expect.stringMatching(/^a request to the live page has failed: \w*Error: .* refused\n +at /)]);
  expect(texts[0]).not.toMatch(/of-the-login|secret/);
});

test.each([
  ['a text', 'a text'],
  [undefined, 'it has thrown undefined'],
  [{ token: 'x' }, 'what is no error: it has no message'],
  [{ name: 'DomainError', message: 'no', token: 'x' }, 'DomainError: no'],
])('%j is told, too', (thrown, text) => {
  const { texts, failed } = told();
  failed(thrown);
  expect(texts).toEqual([`a request to the live page has failed: ${text}`]);
});

test('many failures make one warning at a time, which says how many there were', () => {
  const { texts, failed, wait } = told();
  for (let each = 0; each < 1000; each++) failed('no');
  expect(texts).toHaveLength(1);
  wait(WARNED_EACH_MS);
  failed('no');
  expect(texts[1]).toContain('has failed (999 more have failed since the last warning): no');
  wait(WARNED_EACH_MS);
  failed('no');
  expect(texts[2]).toBe('a request to the live page has failed: no');
});
