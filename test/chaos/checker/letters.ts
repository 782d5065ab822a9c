/**
 * Dead letters that are put back. A call puts back no more than it was asked for, and nothing of another illness. What it does put back
 * runs until it is done once, and what no call puts back does not begin again.
 *
 * A call that was cut off may have queued a letter and left it: then another one may do so again, and the task is done twice.
 */
import type { Answers } from './answers.ts';
import type { Epochs } from './epochs.ts';
import { groupBy } from './groupBy.ts';
import type { Finding } from './order.ts';
import type { Asked, Records, Said } from './records.ts';
import type { Run } from './runs.ts';

interface Call {
  readonly of: string | undefined;
  readonly from: number;
  readonly to: number;
  /** Whether it was answered, and with no error. */
  readonly isClean: boolean;
}

interface Seen {
  readonly records: Records;
  readonly runs: readonly Run[];
  readonly answers: Answers;
  readonly epochs: Epochs;
  readonly again: ReadonlySet<string>;
}

/** Returns the tasks that are to become dead letters, and what of. */
export function illnesses(asked: readonly Asked[]): ReadonlyMap<string, string> {
  return new Map(asked.flatMap(({ what, id, of }) => (what === 'ill' && of !== undefined ? [[id, of]] : [])));
}

/** Returns dead letters of tasks that no run failed for good. */
export function givenUp({ said, asked }: Records, runs: readonly Run[]): Finding[] {
  const ill = illnesses(asked);
  const failed = groupBy(
    runs.filter(({ permanent }) => permanent),
    ({ id }) => id,
  );
  return said
    .filter(({ what }) => what === 'deadletter')
    .filter(({ about, at }) => !ill.has(about) || !failed.get(about)?.some(({ last }) => last <= at))
    .map(({ at, about, member }) => ({ at, text: `task ${about} became a dead letter on ${member}` }));
}

export function wrongRequeues({ records, runs, answers, epochs, again }: Seen): Finding[] {
  const { asked, said, happened } = records;
  const calls = callsOf(asked, happened);
  const ofTask = groupBy(runs, ({ id }) => id);
  const ofSaid = groupBy(
    said.filter(({ what }) => what === 'deadletter' || what === 'done'),
    ({ about }) => about,
  );
  const findings = [...illnesses(asked)].flatMap(([id, of]) => {
    if (again.has(id)) return [];
    const own = {
      runs: ofTask.get(id) ?? [],
      said: ofSaid.get(id) ?? [],
      calls: calls.filter((call) => mayBe(call, of)),
    };
    const found = [...rising(own), ...twice(own)];
    return found.filter(({ at, since }) => !epochs.forgets(since, at) && !answers.isForgotten(id, at));
  });
  return [...findings, ...tooMany(asked)];
}

function mayBe(call: Call, of: string): boolean {
  return call.of === undefined || call.of === of;
}

function callsOf(asked: readonly Asked[], happened: Records['happened']): Call[] {
  const answers = new Map(
    asked.filter(({ what }) => what === 'requeued').map((one) => [`${one.member}/${one.id}`, one]),
  );
  return asked
    .filter(({ what }) => what === 'requeues')
    .map(({ id, member, of, at: from }) => {
      const answer = answers.get(`${member}/${id}`);
      const ended = happened.find((one) => one.what === 'ended' && one.member === member && one.at >= from);
      const to = answer?.at ?? ended?.at ?? Number.POSITIVE_INFINITY;
      return { of, from, to, isClean: answer?.state === 'done' };
    });
}

interface Own {
  readonly runs: readonly Run[];
  readonly said: readonly Said[];
  readonly calls: readonly Call[];
}

/** `since`: what the store knew by then may be gone by `at`. */
type Found = Finding & { readonly since: number };

/** Runs of a dead letter that no call has put back. */
function rising({ runs, said, calls }: Own): Found[] {
  return said.flatMap(({ what, at, about }) => {
    if (what !== 'deadletter') return [];
    const died = runs.findLast(({ permanent, last }) => permanent && last <= at)?.last ?? at;
    const next = runs.find(({ start, caught }) => start > at && !caught);
    if (next === undefined || calls.some(({ from, to }) => from <= next.start && to >= died)) return [];
    const text = `task ${about} begins on ${next.member}, and is a dead letter that nothing has put back`;
    return [{ at: next.start, since: at, text }];
  });
}

/** Runs of a letter that was put back, and done. */
function twice({ runs, said, calls }: Own): Found[] {
  const done = said.find(({ what }) => what === 'done');
  const died = runs.find(({ permanent }) => permanent)?.last;
  if (done === undefined || died === undefined) return [];
  const next = runs.find(({ start, caught }) => start > done.at && !caught);
  const mayBeTwice = calls.some(({ from, to, isClean }) => !isClean && from <= done.at && to >= died);
  if (next === undefined || mayBeTwice) return [];
  const late = (next.start - done.at).toFixed(0);
  return [
    {
      at: next.start,
      since: done.at,
      text: `task ${done.about} begins on ${next.member}, ${late} ms after it was done`,
    },
  ];
}

/** Calls that have met more letters than they were to. */
function tooMany(asked: readonly Asked[]): Finding[] {
  const limits = new Map(
    asked.filter(({ what }) => what === 'requeues').map((one) => [`${one.member}/${one.id}`, one.limit]),
  );
  return asked.flatMap(({ what, id, member, at, requeued = 0, duplicates = 0 }) => {
    const limit = limits.get(`${member}/${id}`);
    if (what !== 'requeued' || limit === undefined || requeued + duplicates <= limit) return [];
    return [{ at, text: `${member} was to put back ${limit} letters, and has met ${requeued + duplicates}` }];
  });
}
