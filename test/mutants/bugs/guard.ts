/** Mistakes of the guard, which releases the leases of a process that has died: rule 12 of docs/explain/protocol.md. */
import type { PlantedBug } from '../plantedBug.ts';

const afterDeath = 'src/guard/afterDeath.ts';
const caughtBy = ['named'] as const;

export const guardBugs: readonly PlantedBug[] = [
  {
    name: 'guard-releases-for-the-living',
    breaks: 'A guard whose channel has ended releases the leases of a process that lives.',
    file: afterDeath,
    find: 'if (!(await becomesTrue(parts.isGone, clock, until))) return;',
    replace: 'await becomesTrue(parts.isGone, clock, until);',
    caughtBy,
  },
  {
    name: 'guard-without-record',
    breaks: 'A guard releases a lease although the record of its term has the claim of another member.',
    file: afterDeath,
    find: 'if (lease.term !== tip.term || lease.claim !== tip.claim) return;',
    replace: 'if (lease.term !== tip.term) return;',
    caughtBy,
  },
  {
    name: 'guard-below-a-newer-record',
    breaks: 'A guard releases a lease although another member has won a higher term between its two looks.',
    file: afterDeath,
    find: 'seen?.newer !== false || seen.epoch !== tip.epoch',
    replace: 'seen?.epoch !== tip.epoch',
    caughtBy,
  },
  {
    name: 'guard-does-not-wait-for-groups',
    breaks: 'A guard releases the leases while processes that it has killed have not ended.',
    file: afterDeath,
    find: 'if (!(await becomesTrue(() => !groups.some(parts.lives), clock, until))) return;',
    replace: 'await becomesTrue(() => true, clock, until);',
    caughtBy,
  },
  {
    name: 'guard-of-a-moved-machine',
    breaks: 'A process that was moved while it ran, with its guard, counts as one of an earlier boot.',
    file: afterDeath,
    find: 'return ward.boot === me.boot && isAlive(ward, me, table) === false;',
    replace: 'return isAlive(ward, me, table) === false;',
    caughtBy,
  },
  {
    name: 'guard-kills-a-stranger',
    breaks: 'A guard kills a group although its number belongs to another process by now.',
    file: 'src/guard/processGroups.ts',
    find: "return start !== '' && typeof found === 'object' && found.start !== start;",
    replace: "return start === '' && typeof found === 'object' && found.start !== start;",
    caughtBy,
  },
  {
    name: 'ended-group-lives',
    breaks: 'A group counts as alive as long as no one has waited for its processes, so no lease is released.',
    file: 'src/surroundings/processIdentity.ts',
    find: "members.some((pid) => processTable.look(Number(pid)) !== 'none')",
    replace: 'members.length > 0',
    caughtBy,
  },
  {
    name: 'next-guard-knows-no-member',
    breaks: 'The guard that takes the place of another one is not told what to release.',
    file: 'src/guard/guard.ts',
    find: 'for (const order of this.duties.orders()) this.process.send(order);',
    replace: "this.process.send({ type: 'begin', charter: this.parts.charter });",
    caughtBy,
  },
];
