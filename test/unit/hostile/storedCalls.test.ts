/**
 * The calls of a durable cluster, with whatever a caller hands in: accepted, or refused at the call with a coded error, and what
 * reaches the coordinator thread can be sent there. The thread is played: it takes everything.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FailoverError, type FailoverErrorCode } from '../../../src/errors.ts';
import { failover } from '../../../src/failover.ts';
import type { ScheduleCall } from '../../../src/wire/schedules.ts';
import { runs } from '../../support/propertyRuns.ts';
import { type Played, playedCluster } from '../facade/playedCluster.ts';
import { acceptedOrCoded, acceptedOrRejected } from './accepted.ts';
import { type Given, given, hostile, mutated } from './hostileValues.ts';

const OPTION = ['ERR_INVALID_OPTION'] as const satisfies readonly FailoverErrorCode[];
const TASK = [
  ...OPTION,
  ...(['ERR_INVALID_KEY', 'ERR_TASK_NOT_CLONEABLE', 'ERR_TASK_TOO_LARGE'] as const),
] satisfies readonly FailoverErrorCode[];

/** A caller without types may pass anything. */
function untyped<T>(value: unknown): T {
  return value as T;
}

const row = {
  id: 'nightly',
  pattern: '0 2 * * *',
  timeZone: 'UTC',
  cursor: Date.UTC(2026, 4, 1),
  from: null,
  until: null,
};

function answerOf({ name, args }: ScheduleCall): unknown {
  if (name === 'find') return row;
  if (name === 'queue') return args[2].map(() => 'stored');
  return name === 'list' ? [] : undefined;
}

function played(): Played {
  const cluster = playedCluster({ durable: true, keepOutcomes: 60_000, maxTaskBytes: 10_000 });
  const answers: Record<string, (...args: never[]) => unknown> = {
    schedules: answerOf,
    changeTask: () => 'done',
    newestLetter: () => 1,
    listDeadLetters: (after: number) => (after === 0 ? [{ seq: 1, id: 1, error: 'Error: it failed' }] : []),
    requeueLetter: () => 'queued',
    requeue: () => true,
    submitLater: ({ ids }: { ids: unknown[] }) => ids.map(() => 'an origin'),
    outcomes: (ids: unknown[]) => ({ done: 1, stored: ids.map(() => null), outcomes: ids.map(() => null), later: [] }),
    outboxPlace: () => null,
  };
  for (const [name, answer] of Object.entries(answers)) {
    cluster.calls[name] = (...args) => {
      // As a message port would, it throws for what cannot cross.
      structuredClone(args);
      return answer(...(args as never[]));
    };
  }
  return cluster;
}

/** Mostly right, so the checks behind it are reached. */
function mostly(valid: unknown): fc.Arbitrary<Given> {
  return fc.oneof({ weight: 3, arbitrary: given(fc.constant(valid)) }, { weight: 2, arbitrary: hostile });
}

function optionsOf(valid: object): fc.Arbitrary<Given> {
  return fc.oneof({ weight: 1, arbitrary: hostile }, { weight: 4, arbitrary: mutated(fc.constant(valid)) });
}

/** Makes every call with what is drawn. */
async function callsWith(name: string, drawn: readonly Given[], codes: readonly FailoverErrorCode[]): Promise<void> {
  const { cluster } = played();
  const call: (...args: unknown[]) => Promise<unknown> = untyped(Reflect.get(cluster, name));
  await acceptedOrRejected(codes, () =>
    Reflect.apply(
      call,
      cluster,
      drawn.map(({ make }) => make()),
    ),
  );
  expect(await cluster.submitWork({ id: 1, text: '' }), 'what follows is taken').toMatchObject({ stored: true });
}

const slots = {
  timeZone: 'UTC',
  missed: 'all',
  maxMissed: 5,
  within: 10,
  overlap: 'skip',
  jitter: 5,
  from: 0,
  until: 9e12,
};
const id = mostly('nightly');
const at = mostly(Date.UTC(2026, 3, 1));

test.each<[name: string, args: readonly fc.Arbitrary<Given>[], codes: readonly FailoverErrorCode[]]>([
  ['schedule', [id, mostly('0 2 * * *'), mostly({ text: '' }), optionsOf(slots)], TASK],
  ['trigger', [id], OPTION],
  ['backfill', [id, at, at], OPTION],
  ['pauseSchedule', [id, optionsOf({ reason: 'a reason' })], OPTION],
  ['resumeSchedule', [id], OPTION],
  ['deleteSchedule', [id], OPTION],
  ['cancel', [mostly(1), optionsOf({ running: true, timeout: 5 })], TASK],
  ['update', [mostly(1), mostly({ id: 1, text: 'new' }), optionsOf({ timeout: 5 })], TASK],
  ['requeueAll', [optionsOf({ limit: 5, error: /failed/ })], OPTION],
  ['requeue', [mostly(1)], TASK],
  ['outcome', [mostly(1)], TASK],
  ['submitWork', [mostly({ id: 2, text: '' }), optionsOf({ at: new Date(9e12), uniqueFor: 1, wait: false })], TASK],
  ['submitWork', [mostly({ id: 2, text: '' }), optionsOf({ at: 9e12 })], TASK],
  ['submitMany', [mostly([{ id: 2, text: '' }]), optionsOf({ at: 9e12, session: null })], TASK],
])('%s', async (name, args, codes) => {
  const property = fc.asyncProperty(fc.tuple(...args), (drawn) => callsWith(name, drawn, codes));
  await fc.assert(property, runs(400));
});

test('done', async () => {
  const { cluster } = played();
  const submission = await cluster.submitWork({ id: 1, text: '' });
  const aborted = optionsOf({ timeout: 1, signal: AbortSignal.abort(new FailoverError('ERR_TIMEOUT', 'ended')) });
  const property = fc.asyncProperty(aborted, async (options) => {
    const codes = [...OPTION, 'ERR_TIMEOUT', 'ERR_OUTCOME_UNKNOWN'] as const;
    await acceptedOrRejected(codes, () => submission.done(untyped(options.make())));
  });
  await fc.assert(property, runs(300));
});

test('preview and cron', async () => {
  const { cluster } = played();
  const { cron, close } = failover({ nodb: true });
  const pattern = fc.oneof(mostly('0 2 * * *'), given(fc.string({ unit: fc.constantFrom(...'0159*/-,LW#?@ MON') })));
  const preview = optionsOf({ timeZone: 'UTC', count: 3, from: 0 });
  const arbitraries = fc.tuple(
    pattern,
    preview,
    mostly(() => {}),
    optionsOf({ timeZone: 'UTC' }),
  );
  const property = fc.property(arbitraries, ([text, options, run, zone]) => {
    acceptedOrCoded(OPTION, () => cluster.preview(untyped(text.make()), untyped(options.make())));
    acceptedOrCoded(OPTION, () => cron('cleanup', untyped(text.make()), untyped(run.make()), untyped(zone.make())));
  });
  fc.assert(property, runs(1500));
  await close();
});
