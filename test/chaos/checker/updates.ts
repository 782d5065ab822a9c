/**
 * The payloads of tasks: a run has one that was asked for before it began, and none that an update had replaced by then. An answer that
 * was lost, or that no master gave in time, leaves open whether the update is carried out, and when.
 */
import type { Answers } from './answers.ts';
import type { Epochs } from './epochs.ts';
import { groupBy } from './groupBy.ts';
import type { Finding } from './order.ts';
import type { Asked } from './records.ts';
import type { Run } from './runs.ts';

interface Update {
  readonly version: number;
  readonly sent: number;
  /** When it was answered with 'updated'. */
  readonly since: number | undefined;
}

interface Seen {
  readonly asked: readonly Asked[];
  readonly runs: readonly Run[];
  readonly answers: Answers;
  readonly epochs: Epochs;
  /** Tasks that may have been stored twice: an update is of one of the two. */
  readonly again: ReadonlySet<string>;
}

export function wrongUpdates({ asked, runs, answers, epochs, again }: Seen): Finding[] {
  const lines = asked.filter(({ what, id }) => (what === 'updates' || what === 'updated') && !again.has(id));
  const runsOf = groupBy(runs, ({ id }) => id);
  return [...groupBy(lines, ({ id }) => id)].flatMap(([id, some]) => {
    const own = runsOf.get(id) ?? [];
    const updates = updatesOf(some);
    const wrong = own.filter(({ caught }) => !caught).flatMap((run) => wrongPayload(run, updates, epochs));
    return [...wrong, ...some.flatMap((one) => wrongAnswer(one, own, answers))];
  });
}

function updatesOf(lines: readonly Asked[]): Update[] {
  return lines
    .filter(({ what }) => what === 'updates')
    .map(({ version = 0, at, member }) => {
      const answer = lines.find((one) => one.what === 'updated' && one.version === version && one.member === member);
      return { version, sent: at, since: answer?.state === 'updated' ? answer.at : undefined };
    });
}

function wrongPayload({ id, member, start, version }: Run, updates: readonly Update[], epochs: Epochs): Finding[] {
  const own = updates.find((update) => update.version === version);
  if (version > 0 && (own === undefined || own.sent > start))
    return [{ at: start, text: `task ${id} begins on ${member} with payload ${version}, which it was not given` }];
  // One without an answer may still land behind another one.
  const over = version === 0 ? Number.NEGATIVE_INFINITY : (own?.since ?? Number.POSITIVE_INFINITY);
  const next = updates.find(({ sent, since = Number.POSITIVE_INFINITY }) => since <= start && sent >= over);
  if (next?.since === undefined || next.version === version || epochs.forgets(next.sent, start, next.since)) return [];
  const late = (start - next.since).toFixed(0);
  return [
    {
      at: start,
      text: `task ${id} begins on ${member} with payload ${version}, ${late} ms after payload ${next.version} had replaced it`,
    },
  ];
}

function wrongAnswer(one: Asked, runs: readonly Run[], answers: Answers): Finding[] {
  const { what, id, at, member, state = '' } = one;
  if (what !== 'updated' || state === 'updated' || state === 'requested' || state.startsWith('ERR_')) return [];
  const isKnown = state === 'done' || state === 'unknown';
  const found = isKnown ? answers.whyNotOver(one, runs) : { by: at, text: 'which is no answer to expect' };
  if (found === undefined || answers.isForgotten(id, found.by)) return [];
  return [{ at, text: `${member} is told '${state}' of the update of task ${id}, ${found.text}` }];
}
