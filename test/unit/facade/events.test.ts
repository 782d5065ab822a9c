/** A failure without a listener becomes a warning of the process: one, however many clusters are told of it. */
import { afterEach, expect, test, vi } from 'vitest';
import { FailoverError } from '../../../src/errors.ts';
import { SafeEmitter } from '../../../src/facade/events.ts';

const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
const warnings = (): unknown[] => emitWarning.mock.calls.map(([text]) => text);

afterEach(() => emitWarning.mockClear());

test('a thousand clusters that are told the same warn once, and of another failure once more', () => {
  const clusters = Array.from({ length: 1000 }, () => new SafeEmitter());
  const away = new FailoverError('ERR_STORE_UNAVAILABLE', 'the store does not answer');
  for (const cluster of clusters) cluster.emit('error', away);
  expect(warnings()).toEqual(["no listener for 'error': the store does not answer"]);
  for (const cluster of clusters) cluster.emit('panic', away);
  expect(warnings()).toHaveLength(2);
});

test('each cluster warns of the first error of its own', () => {
  const [one, other] = [new SafeEmitter(), new SafeEmitter()];
  for (const [cluster, name] of [
    [one, 'a'],
    [one, 'b'],
    [other, 'c'],
  ] as const) {
    cluster.emit('error', new FailoverError('ERR_STORE', `the lease of ${name} is not ours`));
  }
  expect(warnings()).toEqual(['a', 'c'].map((name) => `no listener for 'error': the lease of ${name} is not ours`));
});

test('what another cluster has warned of does not take the place of the first warning of its own', () => {
  const [one, other] = [new SafeEmitter(), new SafeEmitter()];
  const emit = (cluster: SafeEmitter, text: string) => cluster.emit('error', new FailoverError('ERR_STORE', text));
  emit(one, 'all are away');
  emit(other, 'all are away');
  emit(other, 'its own work does not load');
  emit(other, 'and once more');
  expect(warnings()).toEqual(
    ['all are away', 'its own work does not load'].map((text) => `no listener for 'error': ${text}`),
  );
});
