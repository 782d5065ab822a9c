/** The tasks that people ask for beside those of the slots: each call that says so has queued its tasks, and no others are there. */
import { DIFFER, type WallClocks } from './clocks.ts';
import type { Epochs } from './epochs.ts';
import { END, type Finding } from './order.ts';
import type { Asked, ScheduleRule } from './records.ts';
import type { Run } from './runs.ts';

interface Seen {
  readonly asked: readonly Asked[];
  readonly runs: readonly Run[];
  readonly rules: readonly ScheduleRule[];
  readonly clocks: WallClocks;
  readonly epochs: Epochs;
}

export function askedForSlots({ asked, runs, rules, clocks, epochs }: Seen): { lost: Finding[]; wrong: Finding[] } {
  const calls = asked.filter(({ what }) => what === 'triggers' || what === 'backfills');
  const own = runs.filter(({ isAskedFor }) => isAskedFor);
  const isOf = (call: Asked, { id, schedule, slot = 0 }: Run): boolean => {
    if (call.id !== schedule || id.endsWith('!') !== (call.what === 'triggers')) return false;
    const [from, to] =
      call.what === 'triggers'
        ? [clocks.at(call.sent) - DIFFER, clocks.at(call.at) + DIFFER]
        : [call.from ?? 0, call.to ?? 0];
    return slot >= from && slot <= to;
  };
  const lost = calls.flatMap((call) => {
    const { what, id, sent, at } = call;
    const wanted = Number(call.stored ?? 0);
    const there = new Set(own.filter((run) => run.outcome === 'end' && isOf(call, run)).map(({ slot }) => slot)).size;
    if (there >= wanted || epochs.mayHaveTaken({ sent, at })) return [];
    return [{ at: END, text: `${wanted - there} tasks of '${what}' of ${id} never ended` }];
  });
  const wrong = own.flatMap((run) => {
    const { id, schedule, slot = 0, start } = run;
    const every = rules.find((rule) => schedule?.startsWith(`${rule.id}.`))?.every ?? Number.POSITIVE_INFINITY;
    const isSlot = id.endsWith('!') || slot % every === 0;
    if (isSlot && calls.some((call) => isOf(call, run))) return [];
    return [{ at: start, text: `task ${id} starts, and people have not asked for it` }];
  });
  return { lost, wrong };
}
