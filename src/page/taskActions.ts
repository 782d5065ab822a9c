/** What viewers change of one task that waits: as the command `cancel` does it, and only of the task that they saw. */
import { askCancel } from '../operations/requests.js';
import type { StoreReader } from '../store/reader.js';
import type { Lease } from '../store/store.js';
import type { FullStore } from '../store/taskStore.js';
import type { Clock } from '../time/clock.js';
import type { Body } from './body.js';
import type { CancelAnswer } from './contract.js';
import { conflict } from './messages.js';

/** How long the answer of the master is waited for, in ms. */
const WAIT_MS = 5000;

export interface TaskActionParts {
  readonly reader: StoreReader;
  writer(): Promise<FullStore>;
  readonly clock: Clock;
  readonly by: string;
}

/** @throws PageError */
export async function cancelTask(
  name: string,
  body: Body,
  lease: Lease | null,
  { reader, writer, clock, by }: TaskActionParts,
): Promise<CancelAnswer> {
  const { number, id } = body.task();
  const running = body.isTrue('running');
  const kind = lease?.configuration?.kind;
  if (kind !== undefined && kind !== 'durable') {
    throw conflict(name, `its queue is not in the store (its kind is ${kind})`);
  }
  const asked = { name, by, id, seq: number, running, timeout: WAIT_MS };
  const result = await askCancel(reader, await writer(), asked, clock);
  if (result === 'full') throw conflict(name, 'too many requests wait for its master: ask again when one has decided');
  return { ok: true, result: result === 'updated' ? 'unknown' : result };
}
