/**
 * What submitters were told of their tasks: `done()` and `outcome(id)` tell of a run that ended so, and a `done()` ends by its timeout.
 * A task that was asked to be cancelled ends as it was answered. An id that stays taken has one task.
 */
import type { Epochs } from './epochs.ts';
import { groupBy } from './groupBy.ts';
import type { Finding } from './order.ts';
import type { Asked, Records } from './records.ts';
import type { Run } from './runs.ts';

/** How much later than its timeout `done()` may end, in ms. */
const ALLOWANCE = 2000;
/** How often the lateness of the machine counts. */
const LATENESS = 4;
/** After so long what has ended is acknowledged, in ms. */
const ACKNOWLEDGED = 10_000;
/** Between a kill that was noted and the end of the process, in ms. */
const DYING = 500;

export class Answers {
  private readonly ofTask: ReadonlyMap<string, readonly Run[]>;
  private readonly asked: ReadonlyMap<Asked['what'], readonly Asked[]>;
  private readonly cancels: ReadonlyMap<string, readonly Asked[]>;
  /** The tasks that need not end: a cancel may have taken them out. */
  readonly mayBeGone: ReadonlySet<string>;

  constructor(
    private readonly records: Records,
    runs: readonly Run[],
    private readonly epochs: Epochs,
    /** Tasks that may have been stored twice. */
    private readonly again: ReadonlySet<string>,
  ) {
    this.ofTask = groupBy(runs, ({ id }) => id);
    this.asked = groupBy(records.asked, ({ what }) => what);
    const cancels = [...this.all('cancels'), ...this.all('cancelled')];
    this.cancels = groupBy(cancels, ({ id }) => id);
    this.mayBeGone = this.goneOf();
  }

  private goneOf(): ReadonlySet<string> {
    const ids = [...this.cancels].filter(([, lines]) => {
      const answered = lines.filter(({ what }) => what === 'cancelled').length;
      const asked = lines.filter(({ what }) => what === 'cancels').length;
      return (
        answered < asked ||
        lines.some(({ state }) => state !== undefined && mayRemove(state)) ||
        this.isRequestForgotten(lines)
      );
    });
    return new Set(ids.map(([id]) => id));
  }

  /**
   * By a clock that is hours ahead a request is old, so it goes with its answer. Then it is asked again, of a task that is not queued any
   * more.
   */
  private isRequestForgotten(lines: readonly Asked[]): boolean {
    const [from, to] = [lines.at(0)?.at ?? 0, lines.at(-1)?.at ?? 0];
    const isAnswered = lines.some(({ state }) => state === 'unknown');
    return isAnswered && this.records.faults.some((one) => one.kind === 'wall-clock' && one.from < to && one.to > from);
  }

  /** The tasks that were to be cancelled. */
  get wereToGo(): ReadonlySet<string> {
    return new Set(this.cancels.keys());
  }

  /** Answers of `done()` and `outcome(id)` of which the runs say something else. */
  wrong(): Finding[] {
    const say = ({ at, id, member, state, term }: Asked, why: string): Finding => ({
      at,
      text: `${member} is told '${state}'${term === undefined ? '' : ` (term ${term})`} of task ${id}, ${why}`,
    });
    return [...this.all('answer'), ...this.all('outcome')].flatMap((one) => {
      const why = this.whyWrong(one);
      return why === undefined ? [] : [say(one, why)];
    });
  }

  private whyWrong(one: Asked): string | undefined {
    const { id, state = '', at } = one;
    const ended = (this.ofTask.get(id) ?? []).filter(({ outcome, last }) => outcome === 'end' && last <= at);
    if (state === 'done') return this.whyNotDone(one, ended);
    if (state === 'cancelled' || state === 'ERR_CANCELLED')
      return this.cancels.has(id) ? undefined : 'which was not to be cancelled';
    if (state === 'none' || state === 'ERR_OUTCOME_UNKNOWN') {
      const isExcused = this.again.has(id) || this.mayBeGone.has(id) || this.isForgotten(id, at);
      return isExcused || this.mayBeOpen(one, ended) ? undefined : `which ended ${ended.length} times`;
    }
    const mayBe = one.what === 'answer' ? ['ERR_TIMEOUT', 'ERR_STOPPED'] : ['ERR_STORE_UNAVAILABLE', 'ERR_STORE_GONE'];
    return mayBe.includes(state) ? undefined : 'which is no answer to expect';
  }

  private whyNotDone({ id, term, result, at, what }: Asked, ended: readonly Run[]): string | undefined {
    const run = ended.find((each) => each.term === term);
    if (run === undefined) return 'and no run of that term has ended so';
    const isOf = (each: Run) =>
      each.term === term &&
      each.member === result?.member &&
      each.attempt === result.attempt &&
      each.term === result.term;
    if (result !== undefined && !ended.some(isOf)) return `and no run has the result of ${JSON.stringify(result)}`;
    // At the end it is the outcome of the mastership that has acknowledged the task.
    if (what !== 'outcome' || this.again.has(id) || this.isForgotten(id, at)) return undefined;
    // What people ask for again is another task of the same id.
    if (ended.some(({ isAskedFor }) => isAskedFor)) return undefined;
    const said = this.records.said.findLast((one) => one.what === 'done' && one.about === id);
    const acknowledged = ended.findLast(({ member, last }) => member === said?.member && last <= said.at);
    if (acknowledged === undefined || acknowledged.term === term) return undefined;
    return `which was acknowledged in term ${acknowledged.term}`;
  }

  /** Whether the end of the task may not have been acknowledged when its outcome was asked for. */
  private mayBeOpen({ what, id, sent }: Asked, ended: readonly Run[]): boolean {
    if (what !== 'outcome') return false;
    const isSaid = this.records.said.some((one) => one.what === 'done' && one.about === id && one.at < sent);
    return !isSaid && ended.every(({ last }) => last > sent - ACKNOWLEDGED);
  }

  /** Whether a fault may have taken the task or what was kept of it. */
  isForgotten(id: string, at: number): boolean {
    const runs = this.ofTask.get(id) ?? [];
    const stored = this.records.stored.filter((one) => one.id === id);
    return (
      runs.some(({ start, last }) => start <= at && this.epochs.forgets(start, at, last)) ||
      stored.some(({ sent, at: heard }) => sent <= at && this.epochs.forgets(sent, at, heard))
    );
  }

  /** Waits that did not end by their timeout. */
  hanging(): Finding[] {
    const answers = groupBy(this.all('answer'), ({ id, member }) => `${member}/${id}`);
    return this.all('waits').flatMap(({ id, member, at, timeout = 0 }) => {
      const answer = answers.get(`${member}/${id}`)?.[0];
      const gone = this.records.happened.find((one) => one.member === member && isEnd(one.what) && one.at >= at);
      const end = answer?.at ?? (gone === undefined ? Number.POSITIVE_INFINITY : gone.at - DYING);
      const took = end - at - this.heldUp(member, at, end);
      if (took <= timeout + ALLOWANCE) return [];
      return [{ at: end, text: `${member} waits for task ${id} for ${took.toFixed(0)} ms, and not ${timeout}` }];
    });
  }

  /** How long the member may have been kept from telling, in ms. */
  private heldUp(member: string, from: number, to: number): number {
    const { faults, late } = this.records;
    const strikes = faults.filter((one) => one.member === member || one.member === 'all');
    const struck = strikes.map((one) => Math.max(0, Math.min(one.to, to) - Math.max(one.from, from)));
    const lateness = late.filter(({ at }) => at > from && at < to).map(({ ms }) => LATENESS * ms);
    return [...struck, ...lateness].reduce((sum, ms) => sum + ms, 0);
  }

  /** Cancels whose answer the runs contradict. */
  wrongCancels(): Finding[] {
    return this.all('cancelled').flatMap((one) => {
      const { id, at, member, state } = one;
      if (this.again.has(id)) return [];
      const runs = this.ofTask.get(id) ?? [];
      const found = state === 'removed' ? this.whyNotRemoved(one, runs) : this.whyNotOver(one, runs);
      if (found === undefined || this.isForgotten(id, found.by)) return [];
      return [{ at, text: `${member} is told '${state}' of task ${id}, ${found.text}` }];
    });
  }

  private whyNotRemoved({ id, at }: Asked, runs: readonly Run[]): Contradiction | undefined {
    const later = runs.find((run) => !run.caught && run.start > at);
    if (later !== undefined)
      return { by: later.start, text: `which begins ${(later.start - at).toFixed(0)} ms later on ${later.member}` };
    const ends = runs.find((run) => !run.caught && run.outcome === 'end' && run.last > at);
    if (ends !== undefined)
      return { by: ends.last, text: `which ends ${(ends.last - at).toFixed(0)} ms later on ${ends.member}` };
    const said = this.records.said.find((one) => one.what === 'done' && one.about === id);
    if (said !== undefined) return { by: said.at, text: `which is done, as ${said.member} says` };
    const outcome = this.all('outcome').find((one) => one.id === id && one.state === 'done');
    return outcome === undefined ? undefined : { by: outcome.at, text: 'whose outcome is done' };
  }

  /** What contradicts an answer by which a task was over: nothing if this is undefined. */
  whyNotOver({ state, at, id }: Asked, runs: readonly Run[]): Contradiction | undefined {
    const isOver = runs.some((run) => run.outcome === 'end' && run.last <= at);
    if (state === 'done') return isOver ? undefined : { by: at, text: 'which had not ended' };
    if (state !== 'unknown' || isOver) return undefined;
    const removed = this.all('cancelled').some((one) => one.id === id && one.state === 'removed');
    const later = runs.find((run) => run.start > at);
    if (removed || later === undefined) return undefined;
    return { by: later.start, text: `which begins on ${later.member} after that` };
  }

  /** Ids that stay taken, and were free twice. */
  freeTwice(): Finding[] {
    const stored = this.all('unique').filter((one) => one.stored === true);
    return [...groupBy(stored, ({ id }) => id)].flatMap(([id, lines]) => {
      const inOrder = lines.toSorted((a, b) => a.at - b.at);
      return inOrder.slice(1).flatMap(({ at, member }, index) => {
        const before = inOrder[index];
        if (before !== undefined && this.epochs.forgets(before.sent, at, before.at)) return [];
        return [{ at, text: `the id of task ${id} was free again, for ${member}` }];
      });
    });
  }

  private all(what: Asked['what']): readonly Asked[] {
    return this.asked.get(what) ?? [];
  }
}

/** What contradicts an answer. `by`: what the store lost before then may be why. */
interface Contradiction {
  readonly by: number;
  readonly text: string;
}

function isEnd(what: string): boolean {
  return what === 'killed' || what === 'ended';
}

/** Whether a task may be gone for good after this answer to a cancel. An error may have come when the request was there. */
function mayRemove(state: string): boolean {
  return state === 'removed' || state === 'requested' || state.startsWith('ERR_');
}
