/** A check of the driver's monitor that does not end is noticed, and no other one is. */
import { EventEmitter } from 'node:events';
import { MongoClient } from 'mongodb';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { watchMonitors } from '../../../../../src/store/mongodb/connection/monitorWatch.ts';

const options = { connectTimeoutMS: 500, heartbeatFrequencyMS: 1000 };
/** What the driver allows, and the slack. */
const CHECK_MAX_MS = 2500;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function watched() {
  const client = new MongoClient('mongodb://127.0.0.1', options);
  const hung = vi.fn();
  watchMonitors(client, hung);
  const tell = (event: string, address = 'a') =>
    EventEmitter.prototype.emit.call(client, event, { connectionId: address, address });
  return { hung, tell };
}

test('a check without an end is told of when it has had its time, and again each time', () => {
  const { hung, tell } = watched();
  tell('serverHeartbeatStarted');
  vi.advanceTimersByTime(CHECK_MAX_MS - 1);
  expect(hung).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(hung).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(CHECK_MAX_MS);
  expect(hung).toHaveBeenCalledTimes(2);
});

test.each(['serverHeartbeatSucceeded', 'serverHeartbeatFailed', 'serverClosed'])('not after %s', (end) => {
  const { hung, tell } = watched();
  tell('serverHeartbeatStarted');
  vi.advanceTimersByTime(CHECK_MAX_MS - 1);
  tell(end);
  vi.advanceTimersByTime(10 * CHECK_MAX_MS);
  expect(hung).not.toHaveBeenCalled();
});

test('each server has its own', () => {
  const { hung, tell } = watched();
  tell('serverHeartbeatStarted', 'a');
  tell('serverHeartbeatStarted', 'b');
  tell('serverHeartbeatSucceeded', 'a');
  vi.advanceTimersByTime(CHECK_MAX_MS);
  expect(hung).toHaveBeenCalledTimes(1);
});

test('each check has its time, however close one follows the other', () => {
  const { hung, tell } = watched();
  for (let check = 0; check < 10; check++) {
    tell('serverHeartbeatStarted');
    vi.advanceTimersByTime(CHECK_MAX_MS / 2);
  }
  expect(hung).not.toHaveBeenCalled();
});
