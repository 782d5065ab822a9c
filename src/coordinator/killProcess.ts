/** The last resort of `fencing: 'process'`. */
import { writeLine } from '../diagnostics/log.js';
import { toWire } from '../errors.js';
import { endProcess, lastResorts } from '../surroundings/lastResorts.js';
import type { MemberEvent } from '../wire/messages.js';

/** Ends this process; emits a `panic` if it is still alive afterwards. */
export function killProcess(emit: (event: MemberEvent) => void): void {
  writeLine('mongo-failover: work would not stop before its lease ended, so this process is killed (fencing: process)');
  try {
    endProcess(lastResorts(process.pid));
  } catch (error) {
    emit({ type: 'panic', error: toWire(error) });
  }
}
