/** Looks at a store and its subsystems, and returns what it has found. */
import { ROUND_TRIPS_MEASURED, type StoreFacts } from '../../store/facts.js';
import type { StoreReader } from '../../store/reader.js';
import type { Store } from '../../store/store.js';
import type { Clock } from '../../time/clock.js';
import { listSubsystems } from '../subsystems.js';
import { type Finding, worstFirst } from './findings.js';
import { paceFindings } from './paceFindings.js';
import { storeFindings } from './storeFindings.js';
import { subsystemFindings } from './subsystemFindings.js';

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
  const views = await listSubsystems(reader, clock);
  const writes = writer === null ? [] : await measureWrites(writer, clock, who);
  const isOfWrites = writes.length > 0;
  const findings = [
    ...storeFindings(facts),
    ...paceFindings(isOfWrites ? writes : facts.roundTrips, isOfWrites, views),
    ...subsystemFindings(views),
  ];
  return { findings: worstFirst(findings), facts, writes };
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
