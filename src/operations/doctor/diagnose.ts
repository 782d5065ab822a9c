/** Looks at a store and its subsystems, and returns what it has found. */
import { StoreError } from '../../errors.js';
import { ROUND_TRIPS_MEASURED, type StoreFacts } from '../../store/facts.js';
import type { StoreReader } from '../../store/reader.js';
import type { Store } from '../../store/store.js';
import type { Clock } from '../../time/clock.js';
import { listSubsystems } from '../subsystems.js';
import type { SubsystemView } from '../views.js';
import { type Finding, worstFirst } from './findings.js';
import { lookAtOutbox } from './outboxFindings.js';
import { paceFindings } from './paceFindings.js';
import { storeFindings } from './storeFindings.js';
import { subsystemFindings } from './subsystemFindings.js';
import { lookAtTasks, taskFindings } from './taskFindings.js';

export interface Diagnosis {
  readonly findings: readonly Finding[];
  readonly facts: StoreFacts;
  /** Round trips of writes, in ms; empty if none were made. */
  readonly writes: readonly number[];
}

/** The name under which writes are measured: a line among the members, which is removed again. */
const MEASURED_NAME = 'mongo-failover doctor';

/** `writer`: where writes may be measured; null measures reads alone. */
export async function diagnose(
  reader: StoreReader,
  writer: Pick<Store, 'putMember' | 'removeMember'> | null,
  clock: Clock,
  who: { readonly id: string; readonly host: string; readonly pid: number },
): Promise<Diagnosis> {
  const facts = await reader.examine();
  const seen = await seeSubsystems(reader, facts, clock);
  const { views } = seen;
  const writes = writer === null ? [] : await measureWrites(writer, clock, who);
  const isOfWrites = writes.length > 0;
  const findings = [
    ...storeFindings(facts),
    ...paceFindings(isOfWrites ? writes : facts.roundTrips, isOfWrites, views),
    ...seen.findings,
  ];
  return { findings: worstFirst(findings), facts, writes };
}

/** What the user may not read is a finding of its own, and hides none of the others. */
async function seeSubsystems(
  reader: StoreReader,
  facts: StoreFacts,
  clock: Clock,
): Promise<{ readonly views: readonly SubsystemView[]; readonly findings: readonly Finding[] }> {
  let views: readonly SubsystemView[] = [];
  try {
    views = await listSubsystems(reader, clock);
    const tasks = taskFindings(await lookAtTasks(reader, facts, views), views);
    const outbox = await lookAtOutbox(reader, views, clock);
    return { views, findings: [...subsystemFindings(views), ...tasks, ...outbox] };
  } catch (error) {
    if (!(error instanceof StoreError && error.code === 'ERR_STORE')) throw error;
    return { views, findings: [unreadFinding(error.message)] };
  }
}

function unreadFinding(why: string): Finding {
  return {
    level: 'error',
    code: 'NOT_READ',
    what: `the subsystems and their tasks were not looked at: ${why}`,
    why: 'what is wrong with them is not told here',
    todo: 'give the user the right `find` on all collections of a member',
  };
}

async function measureWrites(
  writer: Pick<Store, 'putMember' | 'removeMember'>,
  clock: Clock,
  who: { readonly id: string; readonly host: string; readonly pid: number },
): Promise<number[]> {
  const times: number[] = [];
  try {
    for (let count = 0; count < ROUND_TRIPS_MEASURED; count++) {
      const from = clock.now();
      await writer.putMember({ ...who, name: MEASURED_NAME, state: 'measuring', at: new Date(clock.wall()) });
      times.push(clock.now() - from);
    }
  } finally {
    await writer.removeMember(who.id);
  }
  return times;
}
