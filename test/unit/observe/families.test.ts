/** The metrics, from what shared memory holds. */
import { beforeEach, expect, test } from 'vitest';
import { WatchedClusters } from './watchedClusters.ts';

let world: WatchedClusters;

beforeEach(() => {
  world = new WatchedClusters();
});

test('a cluster that was made and never run is no master, and says so', () => {
  world.add('a');
  expect(world.values('mongo_failover_is_master')).toEqual({ a: 0 });
  expect(world.values('mongo_failover_lease_remaining_seconds')).toEqual({ a: 0 });
  expect(world.values('mongo_failover_state')).toMatchObject({ 'a stopped': 1, 'a master': 0 });
});

test('a master has a term, the time that is left, and its state', () => {
  world.addMaster('a');
  expect(world.values('mongo_failover_is_master')).toEqual({ a: 1 });
  expect(world.values('mongo_failover_term')).toEqual({ a: 7 });
  expect(world.values('mongo_failover_lease_remaining_seconds')).toEqual({ a: 4 });
  expect(world.values('mongo_failover_state')).toMatchObject({ 'a stopped': 0, 'a master': 1 });
  world.now += 4001;
  expect(world.values('mongo_failover_is_master')).toEqual({ a: 0 });
  expect(world.values('mongo_failover_term')).toEqual({});
});

const ofQueue = ['queue_tasks', 'dead_letters', 'queue_head_age_seconds', 'queue_blocked'];

test('of a queue nothing is said that is not known', () => {
  const { counts } = world.addMaster('a');
  const values = () => ofQueue.map((name) => world.values(`mongo_failover_${name}`));
  expect(values()).toEqual([{}, {}, {}, {}]);
  counts.measured(world.now, { queued: 3, dead: null, headAge: 1500, blocked: true });
  expect(values()).toEqual([{ a: 3 }, {}, { a: 1.5 }, { a: 1 }]);
  counts.measured(world.now, { queued: 0, dead: 2, headAge: 0, blocked: false });
  expect(values()).toEqual([{ a: 0 }, { a: 2 }, { a: 0 }, { a: 0 }]);
  world.now += 30_001;
  expect(values()).toEqual([{}, {}, {}, {}]);
  counts.measured(world.now, { queued: 1, dead: 1, headAge: 1, blocked: false });
  counts.forgetQueue();
  expect(values()).toEqual([{}, {}, {}, {}]);
});

test('whether it is paused is known once it has taken part', () => {
  const { counts } = world.add('a');
  expect(world.values('mongo_failover_queue_paused')).toEqual({});
  counts.joined = true;
  expect(world.values('mongo_failover_queue_paused')).toEqual({ a: 0 });
  counts.paused = true;
  expect(world.values('mongo_failover_queue_paused')).toEqual({ a: 1 });
});

test('counters begin at 0 with all of their labels, and count', () => {
  const { counts } = world.addMaster('a');
  expect(world.values('mongo_failover_tasks_total')).toEqual({
    ...{ 'a done': 0, 'a failed': 0, 'a dead-letter': 0, 'a repeated': 0, 'a cancelled': 0 },
  });
  counts.tasks.add('done', 5);
  counts.transitions.add('slave');
  counts.losses.add('store');
  world.counts.storeErrors.add('beat');
  expect(world.values('mongo_failover_tasks_total')).toMatchObject({ 'a done': 5, 'a failed': 0 });
  expect(world.values('mongo_failover_transitions_total')).toMatchObject({ 'a slave': 1, 'a master': 0 });
  expect(world.values('mongo_failover_leases_lost_total')).toMatchObject({ 'a store': 1, 'a alien': 0 });
  expect(world.values('mongo_failover_store_errors_total')).toMatchObject({ beat: 1, observe: 0 });
});

test('the task threads of a service are counted, and the waits for one are measured', () => {
  const { threads } = world.counts;
  const names = ['mongo_failover_task_threads', 'mongo_failover_task_threads_waiting'];
  const counted = () => names.map((name) => world.values(name)['']);
  threads.changed(4, 7);
  threads.waited(60);
  expect(counted()).toEqual([4, 7]);
  const waits = world.values('mongo_failover_task_thread_wait_seconds_bucket');
  expect(waits).toMatchObject({ '0.025': 0, '0.1': 1, '+Inf': 1 });
  world.counts.coordinatorLost();
  expect(counted()).toEqual([0, 0]);
});

test('each bucket of a histogram has what is in those below it', () => {
  for (const ms of [0, 1, 1.001, 30, 30, 9000]) world.counts.lateness.record(ms);
  const name = 'mongo_failover_heartbeat_lateness_seconds';
  expect(world.values(`${name}_bucket`)).toEqual({
    ...{ '0.001': 2, '0.0025': 3, '0.005': 3, '0.01': 3, '0.02': 3, '0.05': 5, '0.1': 5, '0.25': 5 },
    ...{ '0.5': 5, '1.0': 5, '2.5': 5, '5.0': 5, '+Inf': 6 },
  });
  expect(world.values(`${name}_count`)).toEqual({ '': 6 });
  expect(world.values(`${name}_sum`)['']).toBeCloseTo(9.062001);
});

test('clusters of one name are one series: gauges of the master among them, and sums of what is counted', () => {
  const first = world.addMaster('a');
  const second = world.add('a');
  second.counts.state = 'slave';
  first.counts.tasks.add('done', 2);
  second.counts.tasks.add('done', 3);
  first.counts.taskTime.record(10);
  second.counts.taskTime.record(10);
  expect(world.values('mongo_failover_is_master')).toEqual({ a: 1 });
  expect(world.values('mongo_failover_state')).toMatchObject({ 'a master': 1, 'a slave': 0 });
  expect(world.values('mongo_failover_tasks_total')).toMatchObject({ 'a done': 5 });
  expect(world.values('mongo_failover_task_seconds_count')).toEqual({ a: 2 });
});

test('what runs is said, and the intervals, which alerts compare with', () => {
  expect(world.values('mongo_failover_build_info')).toEqual({ '1.2.3 20.19.0 mongodb 1': 1 });
  expect(world.values('mongo_failover_interval_seconds')).toMatchObject({ MASTER: 2, SLAVE: 2.5, POLL: 0.5 });
});

test('no label has a value that the program does not choose by the names of its subsystems', () => {
  world.addMaster('a');
  const labels = new Set(
    world.families().flatMap(({ samples }) => samples.flatMap((sample) => Object.keys(sample.labels))),
  );
  const bounded = ['name', 'state', 'to', 'reason', 'op', 'outcome', 'le', 'interval'];
  expect([...labels].sort()).toEqual([...bounded, 'version', 'node', 'store', 'format'].sort());
});
