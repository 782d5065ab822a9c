/** Which connection the next command gets, and whether it is trusted. */
import { EventEmitter } from 'node:events';
import { MongoClient } from 'mongodb';
import { expect, test } from 'vitest';
import { IdleConnections } from '../../../../../src/store/mongodb/connection/idleConnections.ts';

const FRESH = 100;

function pooled(connections: number, type = 'RSPrimary') {
  const client = new MongoClient('mongodb://127.0.0.1');
  const time = { now: 1000 };
  const idle = new IdleConnections(FRESH, () => time.now);
  idle.watch(client);
  const tell = (event: string, connectionId = 0, address = 'a') =>
    EventEmitter.prototype.emit.call(client, event, { address, connectionId });
  const become = (address: string, type: string) =>
    EventEmitter.prototype.emit.call(client, 'serverDescriptionChanged', { address, newDescription: { type } });
  become('a', type);
  for (let id = 1; id <= connections; id++) tell('connectionReady', id);
  return { time, idle, tell, become };
}

test('connections are trusted until they have been silent for too long', () => {
  const { time, idle } = pooled(4);
  time.now += FRESH;
  expect(idle.toCheck(0)).toBe(0);
  time.now += 1;
  expect(idle.toCheck(0)).toBe(4);
});

test('the connection that came back last is the next one', () => {
  const { time, idle, tell } = pooled(4);
  time.now += FRESH + 1;
  tell('connectionCheckedOut', 1);
  tell('connectionCheckedIn', 1);
  expect(idle.toCheck(0)).toBe(0);
  // One command is under way and has no connection yet, so it takes the fresh one.
  expect(idle.toCheck(1)).toBe(1);
});

test('commands that have a connection take no other one', () => {
  const { time, idle, tell } = pooled(3);
  time.now += FRESH + 1;
  for (const id of [1, 2]) tell('connectionCheckedOut', id);
  expect(idle.toCheck(2)).toBe(1);
  tell('connectionCheckedIn', 2);
  expect(idle.toCheck(1)).toBe(0);
});

test('a new connection needs no check', () => {
  const { time, idle, tell } = pooled(2);
  time.now += FRESH + 1;
  expect(idle.toCheck(2)).toBe(0);
  for (const id of [1, 2]) tell('connectionClosed', id);
  expect(idle.toCheck(0)).toBe(0);
});

test('where one was heard lately, also if it is handed out, only what the command needs is checked', () => {
  const { time, idle, tell } = pooled(8);
  time.now += FRESH + 1;
  expect(idle.toCheck(0)).toBe(4);
  for (const id of [1, 2]) tell('connectionCheckedOut', id);
  // They have not answered since, so they say nothing of the others.
  expect(idle.toCheck(2)).toBe(4);
  for (const id of [1, 2]) tell('connectionCheckedIn', id);
  expect(idle.toCheck(2)).toBe(1);
  for (const id of [1, 2]) tell('connectionCheckedOut', id);
  expect(idle.toCheck(2)).toBe(1);
  time.now += FRESH + 1;
  expect(idle.toCheck(2)).toBe(4);
  for (const id of [1, 2]) tell('connectionCheckedIn', id);
  idle.suspect();
  expect(idle.toCheck(0)).toBe(8);
});

test('doubt holds for those that have not answered since', () => {
  const { time, idle, tell } = pooled(2);
  idle.suspect();
  expect(idle.toCheck(0)).toBe(2);
  time.now += 1;
  tell('connectionCheckedOut', 1);
  tell('connectionCheckedIn', 1);
  expect(idle.toCheck(0)).toBe(0);
  expect(idle.toCheck(1)).toBe(2);
});

test('servers that take no writes do not count, nor does a pool that is closed', () => {
  const { time, idle, tell, become } = pooled(2, 'RSSecondary');
  for (const id of [1, 2, 3]) tell('connectionReady', id, 'b');
  time.now += FRESH + 1;
  expect(idle.toCheck(0)).toBe(0);
  become('b', 'RSPrimary');
  expect(idle.toCheck(0)).toBe(3);
  become('b', 'Unknown');
  become('a', 'RSPrimary');
  expect(idle.toCheck(0)).toBe(2);
  tell('connectionPoolClosed');
  expect(idle.toCheck(0)).toBe(0);
});

test('few of many are checked at once, and of those that are merely old no more than were of use lately', () => {
  const { time, idle } = pooled(100);
  time.now += FRESH + 1;
  expect(idle.toCheck(0)).toBe(4);
  idle.uses(9);
  idle.uses(1);
  expect(idle.toCheck(0)).toBe(9);
  idle.uses(90);
  expect(idle.toCheck(0)).toBe(16);
  time.now += 30_000;
  expect(idle.toCheck(0)).toBe(16);
  time.now += 30_000;
  expect(idle.toCheck(0)).toBe(4);
  idle.suspect();
  expect(idle.toCheck(0)).toBe(16);
});
