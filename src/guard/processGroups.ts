/** Groups of processes as a guard finds them after the death of its ward. */

import { type ProcessTable, processTable } from '../surroundings/processIdentity.js';
import { hasCode } from '../values/hasCode.js';
import type { ProcessGroup } from './orders.js';

type Send = (number: number, signal: NodeJS.Signals | 0) => void;

export class ProcessGroups {
  constructor(
    private readonly table: ProcessTable = processTable,
    private readonly send: Send = (number, signal) => void process.kill(number, signal),
  ) {}

  kill(group: ProcessGroup): void {
    if (this.isReused(group)) return;
    try {
      this.send(-group.number, 'SIGKILL');
    } catch {
      // None is left, or none may be killed; `lives` tells which.
    }
  }

  /** Also of one in which only processes are left that have ended and were not waited for yet. */
  lives(group: ProcessGroup): boolean {
    if (this.isReused(group)) return false;
    try {
      this.send(-group.number, 0);
      return true;
    } catch (error) {
      return hasCode(error, 'EPERM');
    }
  }

  /** A number is given to no other process as long as a group has it. */
  private isReused({ number, start }: ProcessGroup): boolean {
    const found = this.table.look(number);
    return start !== '' && typeof found === 'object' && found.start !== start;
  }
}
