/** Looks for stored tasks that no member does, and for ids that are stored twice. How much it reads is limited. */
import type { StoreFacts } from '../../store/facts.js';
import type { StoreReader } from '../../store/reader.js';
import type { TaskId } from '../../task/task.js';
import type { SubsystemView } from '../views.js';
import type { Finding } from './findings.js';

/** Names that are told, and known ones that a server compares with each name. */
const NAMES_MAX = 20;
const KNOWN_MAX = 1000;
/** Tasks whose ids are compared, of all subsystems together, and those in one answer. */
export const TASKS_COMPARED_MAX = 10_000;
const PAGE = 500;
/** Ids that are told of each subsystem. */
const IDS_SHOWN_MAX = 3;

export interface Duplicate {
  readonly id: TaskId;
  /** The numbers of the tasks. */
  readonly numbers: readonly number[];
}

export interface Duplicates {
  readonly name: string;
  readonly found: readonly Duplicate[];
}

export interface SeenTasks {
  /** Names with stored tasks that have neither a lease nor a member. Null: they were not looked for. */
  readonly unknown: readonly { readonly name: string; readonly highest: number }[] | null;
  /** Null: the store keeps ids unique. */
  readonly compared: {
    readonly duplicates: readonly Duplicates[];
    readonly tasks: number;
    readonly waiting: number;
  } | null;
}

/** `views`: those of all subsystems that the store knows by their leases and members. */
export async function lookAtTasks(
  reader: Pick<StoreReader, 'taskNames' | 'highestTask' | 'tasks'>,
  facts: StoreFacts,
  views: readonly SubsystemView[],
): Promise<SeenTasks> {
  return {
    unknown: canSeek(facts) && views.length <= KNOWN_MAX ? await unknownNames(reader, views) : null,
    compared: keepsUnique(facts) ? null : await compare(reader, views),
  };
}

/** Without the index a server would go through all tasks. */
function canSeek(facts: StoreFacts): boolean {
  return facts.kind === 'embedded' || ['there', 'unused'].includes(stateOf(facts, 'name_seq'));
}

/** A unique index that is there has no two tasks of one id. The embedded store keeps one number for each id. */
function keepsUnique(facts: StoreFacts): boolean {
  return facts.kind === 'embedded' || ['there', 'unused'].includes(stateOf(facts, 'name_key'));
}

function stateOf(facts: Extract<StoreFacts, { kind: 'mongodb' }>, index: string): string {
  const found = facts.indexes.find(({ collection, name }) => collection === 'failover_tasks' && name === index);
  return found?.state ?? 'unseen';
}

async function unknownNames(
  reader: Pick<StoreReader, 'taskNames' | 'highestTask'>,
  views: readonly SubsystemView[],
): Promise<SeenTasks['unknown']> {
  const names = await reader.taskNames(
    views.map(({ name }) => name),
    NAMES_MAX,
  );
  return Promise.all(names.map(async (name) => ({ name, highest: await reader.highestTask(name) })));
}

async function compare(
  reader: Pick<StoreReader, 'tasks'>,
  views: readonly SubsystemView[],
): Promise<SeenTasks['compared']> {
  const stored = views.filter(({ queue }) => (queue?.queued ?? 0) > 0);
  const waiting = stored.reduce((sum, { queue }) => sum + (queue?.queued ?? 0), 0);
  const duplicates: Duplicates[] = [];
  let left = TASKS_COMPARED_MAX;
  for (const { name, queue } of stored) {
    const numbers = new Map<TaskId, number[]>();
    for (let after = queue?.done ?? 0; left > 0; ) {
      const page = await reader.tasks(name, { after, limit: Math.min(PAGE, left) }, false);
      for (const { id, seq } of page) numbers.set(id, [...(numbers.get(id) ?? []), seq]);
      left -= page.length;
      const last = page.at(-1);
      if (last === undefined) break;
      after = last.seq;
    }
    const found = [...numbers].filter(([, each]) => each.length > 1).map(([id, each]) => ({ id, numbers: each }));
    if (found.length > 0) duplicates.push({ name, found });
  }
  return { duplicates, tasks: TASKS_COMPARED_MAX - left, waiting };
}

export function taskFindings({ unknown, compared }: SeenTasks, views: readonly SubsystemView[]): Finding[] {
  const neverHeld = views.filter(({ state, queue }) => state === 'none' && (queue?.queued ?? 0) > 0);
  return [
    ...(unknown ?? []).map(({ name, highest }) => unknownFinding(name, highest)),
    ...neverHeld.map(({ name, queue, members }) => neverHeldFinding(name, queue?.queued ?? 0, members)),
    ...(compared?.duplicates ?? []).map(duplicateFinding),
    ...(compared === null ? [] : comparedFindings(compared)),
  ];
}

function unknownFinding(name: string, highest: number): Finding {
  return {
    level: 'warning',
    code: 'NO_MASTER_EVER',
    what: `there are stored tasks of ${name}, up to number ${highest}, which has no lease and no member`,
    why: 'no member does them: the name was mistyped, its lease was deleted, or its members have not been started yet',
    todo: 'start a member of that name with durable work, or submit them again under the right name',
  };
}

function neverHeldFinding(name: string, queued: number, members: number): Finding {
  return {
    level: 'warning',
    code: 'NO_MASTER_EVER',
    what: `${name} has never had a master: ${queued} of its tasks wait, and ${members} members have written that they live`,
    why: 'its work is not done',
    todo: 'wait for SLAVE + TICKING if it is new, else look at the events `error` of its members',
  };
}

function duplicateFinding({ name, found }: Duplicates): Finding {
  const shown = found.slice(0, IDS_SHOWN_MAX).map(({ id, numbers }) => `${JSON.stringify(id)} (${numbers.join(', ')})`);
  const more = found.length > IDS_SHOWN_MAX ? `, and ${found.length - IDS_SHOWN_MAX} more` : '';
  return {
    level: 'error',
    code: 'DUPLICATES',
    what: `${name} has ids that are stored more than once: ${shown.join(', ')}${more}, with the numbers of the tasks`,
    why: 'one task is run twice, and the unique index cannot be made while they are there',
    todo: 'compare them, and delete all but one of each id by their name and seq, with db.failover_tasks.deleteOne',
  };
}

function comparedFindings({ duplicates, tasks, waiting }: NonNullable<SeenTasks['compared']>): Finding[] {
  if (duplicates.length > 0 || tasks === 0) return [];
  const some = tasks < waiting ? `the first ${tasks} of ${waiting}` : `${tasks}`;
  return [{ level: 'note', code: 'IDS', what: `the ids of ${some} stored tasks are each there once` }];
}
