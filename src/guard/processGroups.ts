/** Groups of processes: how they are told to end, and whether they have. */

import { markedProcesses } from '../surroundings/markedProcesses.js';
import { mayGroupLive, type ProcessTable, processTable } from '../surroundings/processIdentity.js';
import type { ProcessGroup } from './orders.js';

type Send = (number: number, signal: NodeJS.Signals) => void;

export class ProcessGroups {
  constructor(
    private readonly table: ProcessTable = processTable,
    private readonly mayLive: (group: number) => boolean = mayGroupLive,
    private readonly send: Send = (number, signal) => void process.kill(number, signal),
    private readonly marked: (marker: string) => number[] = markedProcesses,
  ) {}

  kill(group: ProcessGroup): void {
    this.signal(group, 'SIGKILL');
    for (const pid of this.escaped(group)) this.attempt(pid, 'SIGKILL');
  }

  /** Sends the signal to the processes that are in the group now. */
  signal(group: ProcessGroup, signal: NodeJS.Signals): void {
    if (!this.isReused(group)) this.attempt(-group.number, signal);
  }

  /** Returns whether a process of the group may be left. */
  lives(group: ProcessGroup): boolean {
    return (!this.isReused(group) && this.mayLive(group.number)) || this.escaped(group).length > 0;
  }

  private escaped({ marker }: ProcessGroup): number[] {
    return marker === undefined ? [] : this.marked(marker);
  }

  private attempt(number: number, signal: NodeJS.Signals): void {
    try {
      this.send(number, signal);
    } catch {
      // None is left, or none may be killed; `lives` tells which.
    }
  }

  /** A number is given to no other process as long as a group has it. */
  private isReused({ number, start }: ProcessGroup): boolean {
    const found = this.table.look(number);
    return start !== '' && typeof found === 'object' && found.start !== start;
  }
}
