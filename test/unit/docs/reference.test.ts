/** The reference against the code: every option with its default, every event and every code, and nothing else. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { FailoverErrorCode } from '../../../src/errors.ts';
import type { ClusterEvents } from '../../../src/facade/events.ts';
import { resolveManagedOptions } from '../../../src/options/managed.ts';
import { resolveObserve } from '../../../src/options/observe.ts';
import { resolveRebalance } from '../../../src/options/rebalance.ts';
import { resolveOptions } from '../../../src/options/resolve.ts';
import { resolveSignalOptions } from '../../../src/options/signals.ts';
import type { MemberStatus } from '../../../src/wire/status.ts';
import { sectionOf } from '../../support/markdown.ts';

const page = (name: string) => readFileSync(new URL(`../../../docs/reference/${name}.md`, import.meta.url), 'utf8');

/** The compiler refuses this list unless it is that of the code. */
const codes: Record<FailoverErrorCode, true> = {
  ERR_ALREADY_RUNNING: true,
  ERR_ATTEMPTS_EXHAUSTED: true,
  ERR_BUNDLED: true,
  ERR_CLOCK_JUMPED: true,
  ERR_CANCELLED: true,
  ERR_CHANGES_FULL: true,
  ERR_CHECKPOINT: true,
  ERR_CONFIGURATION_DIFFERS: true,
  ERR_COORDINATOR_LOST: true,
  ERR_GUARD_LOST: true,
  ERR_HAND_OVER_REFUSED: true,
  ERR_HAND_OVER_TIMEOUT: true,
  ERR_INTERVALS_TOO_SHORT: true,
  ERR_INVALID_KEY: true,
  ERR_INVALID_OPTION: true,
  ERR_LEASE_LOST: true,
  ERR_LISTENER: true,
  ERR_MAIN_BLOCKED: true,
  ERR_NEWER_FORMAT: true,
  ERR_NOT_DURABLE: true,
  ERR_NOT_KILLED: true,
  ERR_NO_TRANSACTION: true,
  ERR_OTHER_DEPLOYMENT: true,
  ERR_OUTBOX_ENTRY: true,
  ERR_OBSERVE: true,
  ERR_OUTCOMES_OFF: true,
  ERR_OUTCOME_UNKNOWN: true,
  ERR_PERMISSION: true,
  ERR_POOL_BUSY: true,
  ERR_PRELOAD: true,
  ERR_QUEUE_BLOCKED: true,
  ERR_QUEUE_FULL: true,
  ERR_RUNTIME: true,
  ERR_SCHEDULE_MISSED: true,
  ERR_SCHEDULE_REFUSED: true,
  ERR_SCHEDULE_TASK: true,
  ERR_SCHEDULE_UNKNOWN: true,
  ERR_SCHEDULE_DECLARED: true,
  ERR_SERVER_TOO_OLD: true,
  ERR_STOPPED: true,
  ERR_STORE: true,
  ERR_STORE_DATA: true,
  ERR_STORE_DUPLICATES: true,
  ERR_STORE_GONE: true,
  ERR_STORE_INDEX: true,
  ERR_STORE_UNAVAILABLE: true,
  ERR_TASK_NOT_CLONEABLE: true,
  ERR_TASK_THREAD_EXITED: true,
  ERR_TASK_TIMEOUT: true,
  ERR_TASK_TOO_LARGE: true,
  ERR_TIMEOUT: true,
  ERR_WORK_FAILED: true,
  ERR_WORK_MODULE: true,
  ERR_WORK_NOT_STOPPED: true,
  ERR_WORK_RESULT: true,
  ERR_WORK_STOP: true,
};

/** Each event with what its listeners are given, as the page writes it. */
const events: { [name in keyof ClusterEvents]: string } = {
  statechange: '(from, to)',
  init: '',
  slave: '',
  ticking: '',
  master: '',
  stopped: '',
  synchronize: '(id)',
  done: '(id)',
  failed: '(id, error, attempt)',
  deadletter: '(id, error)',
  duplicate: '(id)',
  cancelled: '(id)',
  paused: '(info)',
  resumed: '()',
  error: '(error)',
  info: '(text)',
  panic: '(error)',
};

const fields: Record<keyof MemberStatus, true> = {
  name: true,
  id: true,
  state: true,
  term: true,
  unfit: true,
  seen: true,
  queued: true,
  queuedBytes: true,
  running: true,
  blocked: true,
  dead: true,
  headAge: true,
  clockAhead: true,
  identifier: true,
  done: true,
  heartbeat: true,
  pool: true,
  threadWait: true,
  configuration: true,
  paused: true,
  handOver: true,
  drained: true,
  priority: true,
  members: true,
};

test('every code of an error is there once, and no other', () => {
  expect(firstCells(page('errors')).sort()).toEqual(Object.keys(codes).sort());
});

test('every event is there once, with what its listeners are given, and no other', () => {
  const expected = Object.entries(events).map(([name, given]) => `${name}${given}`);
  expect(firstCells(page('events')).sort()).toEqual(expected.sort());
});

test('every field of a status is there once, and no other', () => {
  expect(firstCells(sectionOf(page('clusters'), '## `status()`')).sort()).toEqual(Object.keys(fields).sort());
});

test('every option of failover() is there with its default, and no other', () => {
  const groups = { mongodb: {}, nodb: {}, intervals: {}, observe: { port: 0 }, rebalance: {}, taskThreads: {} };
  // Lower case is the other way to write the same interval.
  const names = namesRead(groups, (given) => resolveOptions(given)).filter((name) => !/^intervals\.[a-z]/.test(name));
  const shown = defaultsOf(sectionOf(page('options'), '## Options of `failover(options)`'));
  expect([...shown.keys()].sort()).toEqual([...names.filter((name) => !(name in groups)), 'nodb', 'rebalance'].sort());
  const { store, intervals, exitTimeout, guard, priority, rebalance, taskThreads } = resolveOptions({});
  if (store.kind !== 'mongodb') throw new Error('the default is not MongoDB');
  const { connectString, connectOptions, debug, wakeUps } = store;
  expect(Object.fromEntries(shown)).toEqual({
    ...{ 'mongodb.connectString': connectString, 'mongodb.connectOptions': connectOptions, 'mongodb.debug': debug },
    ...{ 'observe.port': undefined, 'observe.host': resolveObserve({ port: 0 })?.host, 'observe.token': undefined },
    ...{ 'observe.page': resolveObserve({ port: 0 })?.page !== null, 'observe.actions': false },
    'mongodb.wakeUps': wakeUps,
    'taskThreads.most': taskThreads.most,
    ...{ nodb: false, 'nodb.path': undefined, exitTimeout, guard, priority, rebalance: rebalance ?? false },
    ...Object.fromEntries(
      Object.entries(resolveRebalance(true) ?? {}).map(([name, value]) => [`rebalance.${name}`, value]),
    ),
    ...Object.fromEntries(Object.entries(intervals).map(([name, value]) => [`intervals.${name}`, value])),
  });
});

test('every option of managed clusters is there with its default, and no other', () => {
  const { intervals } = resolveOptions({});
  const groups = { retry: {}, resourceLimits: {} };
  const names = namesRead(groups, (given) => resolveManagedOptions(given, intervals));
  const shown = defaultsOf(sectionOf(page('options'), '## Options of managed clusters'));
  expect([...shown.keys()].sort()).toEqual(names.filter((name) => !(name in groups)).sort());
  const { retry, resourceLimits, ...rest } = resolveManagedOptions({}, intervals);
  const resolved: Record<string, unknown> = {
    ...rest,
    priority: rest.priority ?? undefined,
    keepOutcomes: rest.keepOutcomes ?? undefined,
    ...Object.fromEntries(Object.entries(retry).map(([name, value]) => [`retry.${name}`, value])),
    ...Object.fromEntries(Object.entries(resourceLimits).map(([name, value]) => [`resourceLimits.${name}`, value])),
  };
  // Without an end, or without a limit: the page says `none` to both.
  for (const name of ['taskTimeout', 'mainTimeout']) if (resolved[name] === Infinity) resolved[name] = undefined;
  for (const [name, value] of shown) expect([name, value]).toEqual([name, resolved[name]]);
});

test('every option of signal handlers is there with its default, and no other', () => {
  const names = namesRead({}, (given) => resolveSignalOptions(given));
  const shown = defaultsOf(sectionOf(page('options'), '## Options of `installSignalHandlers(services, options)`'));
  expect([...shown.keys()].sort()).toEqual(names.sort());
  const { before, after, ...rest } = resolveSignalOptions({});
  expect(Object.fromEntries(shown)).toEqual({ ...rest, before: before('SIGTERM'), after: after('SIGTERM') });
});

/** Returns the names that a check reads of its options, those of the groups as `group.name`. */
function namesRead(groups: Readonly<Record<string, object>>, check: (given: object) => unknown): string[] {
  const names = new Set<string>();
  const watched = (values: object, path: string): object =>
    new Proxy(values, {
      get(target, name) {
        if (typeof name === 'string') names.add(`${path}${name}`);
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'object' && value !== null ? watched(value, `${String(name)}.`) : value;
      },
    });
  check(watched(groups, ''));
  return [...names];
}

/** Returns what the first cells of the rows show as code, in order. */
function firstCells(markdown: string): string[] {
  const rows = [...markdown.matchAll(/^\| (`.+?) \| /gm)];
  return rows.flatMap(([, cell = '']) => Array.from(cell.matchAll(/`([^`]+)`/g), ([, name = '']) => name));
}

/** Returns the options of a table with their defaults, as values. */
function defaultsOf(markdown: string): Map<string, unknown> {
  const rows = [...markdown.matchAll(/^\| `([^`]+)` \| ([^|]+) \|/gm)];
  return new Map(rows.map(([, name = '', cell = '']) => [name, defaultOf(cell)]));
}

/** Takes `1,000`, `1 MiB`, `450: 10 % of …`, `none`, or a value of JavaScript as code. */
function defaultOf(cell: string): unknown {
  if (cell === 'none') return undefined;
  const [, code] = /^`(.*)`$/.exec(cell) ?? [];
  if (code !== undefined) return code === 'Infinity' ? Infinity : JSON.parse(code.replaceAll("'", '"'));
  const [, digits = '', unit] = /^([\d,]+)( MiB)?(?:: |$)/.exec(cell) ?? [];
  if (digits === '') throw new Error(`"${cell}" is no default`);
  return Number(digits.replaceAll(',', '')) * (unit === undefined ? 1 : 1024 * 1024);
}
