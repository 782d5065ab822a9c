/** The judge of runs with many subsystems. */
import { expect, test } from 'vitest';
import { judge, type Look, type ManyRecords, type TaskLine } from '../../../chaos/many/judge.ts';

const BOUND = 1000;

function look(member: string, term: number, at: number, left = 500, name = 'a'): Look {
  return { name, member, term, at, seen: at + 1, left };
}

/** From one time to another, every 100 ms. */
function holds(member: string, term: number, from: number, to: number, name = 'a'): Look[] {
  return Array.from({ length: (to - from) / 100 + 1 }, (_, n) => look(member, term, from + 100 * n, 500, name));
}

function found(looks: Look[], more: Partial<ManyRecords> = {}): readonly string[] {
  const over = Math.max(...looks.map(({ at }) => at)) + 100;
  const records = { names: ['a'], tasks: [], stored: [], died: [], stops: new Map(), slow: [], late: [], ready: 0 };
  return judge({ ...records, looks, over, bound: BOUND, ...more }).findings;
}

test('masterships that follow each other in time are no finding, and are counted', () => {
  const looks = [...holds('1', 1, 0, 2000), ...holds('2', 2, 2900, 4000)];
  expect(found(looks)).toEqual([]);
  const records = { names: ['a'], tasks: [], stored: [], died: [], stops: new Map(), slow: [], late: [], ready: 0 };
  expect(judge({ ...records, looks, over: 4100, bound: BOUND })).toMatchObject({
    masterships: 2,
    takeovers: 1,
    slowest: 901,
  });
});

test('a member that holds a lease after another has a higher term is a second master', () => {
  expect(found([...holds('1', 1, 0, 2000), ...holds('2', 2, 1900, 4000)])).toEqual([
    'a: 1 holds term 1 after 2 held 2',
  ]);
  expect(found([look('1', 1, 0), look('2', 1, 100)])).toEqual(['a: term 1 is held by 1 and 2']);
});

test('looks that overlap say nothing of which came first', () => {
  const slow = { ...look('1', 1, 100), seen: 400 };
  expect(found([slow, ...holds('2', 2, 200, 600)])).toEqual([]);
});

test('a lease whose holder is stopped lasts until its end', () => {
  const stops = new Map([['1', [{ from: 1010, to: 3000 }]]]);
  expect(found([...holds('1', 1, 0, 1000), ...holds('2', 2, 1400, 3000)], { stops })).toEqual([
    'a: 2 holds it 99 ms before the lease of 1, which is stopped, ends',
  ]);
  expect(found([...holds('1', 1, 0, 1000), ...holds('2', 2, 1500, 3000)], { stops })).toEqual([]);
  // One that was killed holds nothing.
  expect(found([...holds('1', 1, 0, 1000), ...holds('2', 2, 1100, 3000)])).toEqual([]);
});

test('a subsystem that is not followed in time is told, at the end too', () => {
  const gap = [...holds('1', 1, 0, 1000), ...holds('2', 2, 2200, 3000)];
  expect(found(gap)).toEqual(['a: 2 follows 1 after 1201 ms, and 1000 are allowed']);
  expect(found(holds('1', 1, 0, 1000), { over: 2500 })).toEqual([
    'a: nobody follows 1 after 1500 ms, and 1000 are allowed',
  ]);
  expect(found(holds('1', 1, 0, 1000), { names: ['a', 'b'] })).toEqual(['b: no member ever held it']);
});

test('what was before the faults is not counted, but for two masters', () => {
  const gap = [...holds('1', 1, 0, 1000), ...holds('2', 2, 2200, 3000)];
  expect(found(gap, { ready: 1500 })).toEqual([]);
  expect(found([...holds('1', 1, 0, 1000), ...holds('2', 2, 900, 3000)], { ready: 1500 })).toHaveLength(1);
});

test('what slows all is not counted, nor is the lateness of the machine', () => {
  const gap = [...holds('1', 1, 0, 1000), ...holds('2', 2, 2200, 3000)];
  expect(found(gap, { slow: [{ from: 900, to: 1300 }] })).toEqual([]);
  expect(found(gap, { slow: [{ from: 100, to: 900 }] })).toHaveLength(1);
  expect(found(gap, { late: [{ at: 1500, ms: 60 }] })).toEqual([]);
  expect(found(gap, { late: [{ at: 500, ms: 60 }] })).toHaveLength(1);
});

test('a process that is stopped may hold the lock of all, if nobody begins anything then', () => {
  const stops = new Map([['3', [{ from: 900, to: 1300 }]]]);
  const gap = [...holds('1', 1, 0, 1000), ...holds('2', 2, 2200, 3000)];
  expect(found(gap, { stops })).toEqual([]);
  const other = holds('2', 1, 1000, 2900, 'b');
  expect(found([...gap, ...other], { stops, names: ['a', 'b'] })).toHaveLength(1);
});

const line = (what: 'start' | 'end', id: string, member: string, term: number, at: number): TaskLine => ({
  ...{ what, id, member, term, at, name: 'm' },
});
const ofTasks = (tasks: TaskLine[], more: Partial<ManyRecords> = {}) =>
  found(holds('1', 1, 0, 1000), { tasks, ...more });

test('a stored task that never ended is lost', () => {
  const tasks = [line('start', '1', '1', 1, 10), line('end', '1', '1', 1, 20), line('start', '2', '1', 1, 30)];
  expect(ofTasks(tasks, { stored: ['m 1', 'm 2'] })).toEqual(['task m 2 is lost']);
});

test('runs that overlap, and a term that falls, are told; what a stopped process does first is not', () => {
  const first = [line('start', '1', '1', 1, 10), line('end', '1', '1', 1, 200)];
  const second = [line('start', '1', '2', 2, 100), line('end', '1', '2', 2, 150)];
  expect(ofTasks([...first, ...second])).toEqual(['m: task 1 of 2 begins while 1 runs 1']);
  const stops = new Map([['1', [{ from: 20, to: 190 }]]]);
  expect(ofTasks([...first, ...second], { stops })).toEqual([]);
  const late = [line('start', '2', '1', 1, 300), line('end', '2', '1', 1, 310)];
  expect(ofTasks([...second, ...late])).toEqual(['m: task 2 begins under term 1 after 2']);
});

test('a process that ended by itself is told', () => {
  expect(found(holds('1', 1, 0, 1000), { died: ['1: code 1'] })).toEqual(['a process ended by itself: 1: code 1']);
});
