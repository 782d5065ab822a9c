/** Mistakes of `mongo-failover exec`: two commands at once, one that is left behind, and a wrong exit code. */
import type { PlantedBug } from '../plantedBug.ts';

const groups = 'src/coordinator/ownedGroups.ts';
const supervisor = 'src/exec/supervisor.ts';
const caughtBy = ['named'] as const;

export const execBugs: readonly PlantedBug[] = [
  {
    name: 'group-outlives-the-lease',
    breaks: 'A command that does not end at the signal is not killed before its lease ends.',
    file: groups,
    find: "} else if (now >= this.validUntil - group.killBefore) this.kill(entry, 'lease');",
    replace: "} else if (now >= this.validUntil + group.killBefore) this.kill(entry, 'lease');",
    caughtBy,
  },
  {
    name: 'beat-saves-a-signalled-command',
    breaks: 'A beat that succeeds after the signal takes the kill back.',
    file: groups,
    find: '    this.validUntil = validUntil;\n',
    replace:
      '    this.validUntil = validUntil;\n    for (const entry of this.entries.values()) entry.killBy = Number.POSITIVE_INFINITY;\n',
    caughtBy,
  },
  {
    name: 'group-begins-amid-a-release',
    breaks: 'A command is started while the lease is being released.',
    file: groups,
    find: "  async drain(): Promise<'drained' | 'stuck'> {\n    this.isOpen = false;",
    replace: "  async drain(): Promise<'drained' | 'stuck'> {",
    caughtBy,
  },
  {
    name: 'release-beside-a-living-group',
    breaks: 'The lease is released although a process of the command would not die.',
    file: groups,
    find: "return ends.includes('stuck') ? 'stuck' : 'drained';",
    replace: "return ends.length < 0 ? 'stuck' : 'drained';",
    caughtBy,
  },
  {
    name: 'go-before-the-guard-knows',
    breaks: 'A command begins before the guard knows its group.',
    file: supervisor,
    find: 'return isOwned === true && this.asked === null',
    replace: 'return isOwned !== false && this.asked === null',
    caughtBy,
  },
  {
    name: 'go-after-a-stop',
    breaks: 'A command begins although the supervisor was asked to stop in between.',
    file: supervisor,
    find: 'return isOwned === true && this.asked === null && running.cause === null',
    replace: 'return (isOwned === true || this.asked !== null) && running.cause === null',
    caughtBy,
  },
  {
    name: 'loss-unseen',
    breaks: 'A supervisor that was stopped while its lease ended has the exit code of the kill, not of the loss.',
    file: supervisor,
    find: "if (this.parts.election.term !== attempt.term || wasKilled) running.cause ??= 'lost';",
    replace: "if (this.parts.election.term === -attempt.term && wasKilled) running.cause ??= 'lost';",
    caughtBy,
  },
  {
    name: 'guard-ignores-the-time',
    breaks: 'A guard does not kill a group whose time is over, so one whose supervisor is stopped runs on.',
    file: 'src/guard/groupDeadlines.ts',
    find: 'if (until !== undefined) this.alarm.by(until);',
    replace: 'if (until === undefined) this.alarm.by(0);',
    caughtBy,
  },
];
