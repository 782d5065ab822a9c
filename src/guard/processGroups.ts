/** Groups of processes as a guard finds them after the death of its ward. */

import { mayGroupLive, type ProcessTable, processTable } from '../surroundings/processIdentity.js';
import type { ProcessGroup } from './orders.js';

type Send = (number: number, signal: NodeJS.Signals) => void;

export class ProcessGroups {
  constructor(
    private readonly table: ProcessTable = processTable,
    private readonly mayLive: (group: number) => boolean = mayGroupLive,
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

  /** Returns whether a process of the group may be left. */
  lives(group: ProcessGroup): boolean {
    return !this.isReused(group) && this.mayLive(group.number);
  }

  /** A number is given to no other process as long as a group has it. */
  private isReused({ number, start }: ProcessGroup): boolean {
    const found = this.table.look(number);
    return start !== '' && typeof found === 'object' && found.start !== start;
  }
}
