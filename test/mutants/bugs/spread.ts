/** Mistakes in who claims first, and in who gives masterships away: docs/explain/protocol.md, "Rank". */
import type { PlantedBug } from '../plantedBug.ts';

const rank = 'src/coordinator/spread/rank.ts';
const living = 'src/coordinator/spread/living.ts';
const neighbourhood = 'src/coordinator/spread/neighbourhood.ts';
const sharing = 'src/coordinator/spread/sharing.ts';
const rebalancer = 'src/coordinator/spread/rebalancer.ts';
const history = 'src/coordinator/spread/moveHistory.ts';
const giving = 'src/coordinator/orders/giving.ts';
const watch = 'src/coordinator/orders/ordersWatch.ts';
const handing = 'src/coordinator/orders/handingOver.ts';
const caughtBy = ['named'] as const;

export const spreadBugs: readonly PlantedBug[] = [
  {
    name: 'rank-that-starves',
    breaks: 'The last of many standbys waits for as long as all others together would take.',
    file: rank,
    find: 'Math.min(WAIT_POLLS_MAX, rank + LOOK_FIRST_POLLS)',
    replace: 'WAIT_POLLS_MAX * rank + LOOK_FIRST_POLLS',
    caughtBy,
  },
  {
    name: 'rank-of-the-member-alone',
    breaks: 'The rank is by the process and not by the subsystem, so one process comes first in all.',
    file: rank,
    find: 'const its = hashOfBoth(name, other.hash);',
    replace: 'const its = hashOfBoth(0 * name, other.hash);',
    also: [{ find: 'const mine = hashOfBoth(name, me.hash);', replace: 'const mine = hashOfBoth(0 * name, me.hash);' }],
    caughtBy,
  },
  {
    name: 'rank-before-priority',
    breaks: 'A standby of a lower priority goes first if its hash is higher.',
    file: rank,
    find: 'if (other.priority !== me.priority) return other.priority > me.priority;',
    replace: '',
    caughtBy,
  },
  {
    name: 'line-taken-for-a-life',
    breaks: 'A process counts as alive because its line is there, though it died long ago.',
    file: living,
    find: 'if (before === undefined) return { line, hash, groups, changedAt: null, since: now };',
    replace: 'if (before === undefined) return { line, hash, groups, changedAt: now, since: now };',
    caughtBy,
  },
  {
    name: 'silence-never-ends',
    breaks: 'A process that was once seen alive counts for ever.',
    file: living,
    find: 'return changedAt !== null && now - changedAt < this.silence;',
    replace: 'return changedAt !== null && now - changedAt < this.silence * 1e6;',
    caughtBy,
  },
  {
    name: 'waits-for-the-one-that-had-it',
    breaks: 'A standby waits for the process whose lease has run out.',
    file: neighbourhood,
    find: 'const its = lease?.claim.startsWith(one.holders) ? null : one.priorityFor(hash);',
    replace: 'const its = lease?.claim === one.holders ? null : one.priorityFor(hash);',
    caughtBy,
  },
  {
    name: 'share-with-strangers',
    breaks: 'The share is that of all processes, also of those that have none of these subsystems.',
    file: sharing,
    find: 'now - one.since >= settle && holdings.some((each) => takes(one, each))',
    replace: 'now - one.since >= settle',
    caughtBy,
  },
  {
    name: 'given-to-one-that-has-just-started',
    breaks: 'A process that starts is given masterships before it has settled.',
    file: sharing,
    find: 'now - one.since >= settle &&',
    replace: 'now - one.since >= 0 * settle &&',
    caughtBy,
  },
  {
    name: 'ping-pong',
    breaks: 'A mastership goes to a process that has one fewer, which then has one more, and gives it back.',
    file: sharing,
    find: 'const DIFFERENCE_MIN = 2;',
    replace: 'const DIFFERENCE_MIN = 1;',
    also: [
      { find: 'difference <= threshold * share', replace: 'difference <= 0 * threshold' },
      { find: 'const surplus = held - Math.ceil(share);', replace: 'const surplus = held - Math.floor(share);' },
    ],
    caughtBy,
  },
  {
    name: 'gives-what-was-just-given',
    breaks: 'A process does not count what it has given, and gives more than it has above its share.',
    file: rebalancer,
    find: 'held: one.held + uncounted.length',
    replace: 'held: one.held + 0 * uncounted.length',
    caughtBy,
  },
  {
    name: 'hand-over-to-the-dead',
    breaks: 'A mastership is given away by what was seen of the processes some time ago.',
    file: rebalancer,
    find: 'if (!(await neighbourhood.look()) || this.closed) return null;',
    replace: 'void neighbourhood.look();\n    if (this.closed) return null;',
    caughtBy,
  },
  {
    name: 'given-to-a-drained-member',
    breaks: 'A mastership is given to a member that is drained, and claims nothing.',
    file: rebalancer,
    find: 'drained !== true &&',
    replace: '',
    also: [{ find: '{ id, state, drained, priority, drain }', replace: '{ id, state, priority, drain }' }],
    caughtBy,
  },
  {
    name: 'lease-moves-without-a-rest',
    breaks: 'A mastership that was handed over may move again at once.',
    file: history,
    find: 'if (isMove) this.movedAt = now;',
    replace: 'if (isMove) this.movedAt = now - 1e9;',
    caughtBy,
  },
  {
    name: 'lost-lease-moves',
    breaks: 'A mastership that its members keep on losing is moved from one to the next.',
    file: history,
    find: 'return now - this.movedAt >= rest && lost < LOSSES_MAX;',
    replace: 'return now - this.movedAt >= rest && lost <= LOSSES_MAX;',
    caughtBy,
  },
  {
    name: 'gift-taken-back-by-an-old-read',
    breaks: 'A read that was under way when a mastership began to be given away ends that.',
    file: giving,
    find: 'await this.parts.read();',
    replace: 'await Promise.resolve();',
    also: [{ find: 'this.parts.free(order)?.term === order.term', replace: 'this.parts.free()?.term === order.term' }],
    caughtBy,
  },
  {
    name: 'lost-answer-blocks-hand-overs',
    breaks: 'A gift whose request was written, but not answered, stays on record as accepted for ever.',
    file: giving,
    find: "this.parts.refuse(order, 'the store failed');",
    replace: '',
    caughtBy,
  },
  {
    name: 'paused-subsystem-moves',
    breaks: 'A subsystem that is paused is given to another process.',
    file: watch,
    find: '!this.drains && this.paused === null && this.isFree',
    replace: '!this.drains && this.isFree',
    caughtBy,
  },
  {
    name: 'move-amid-a-task',
    breaks: 'A mastership is given away while its task runs.',
    file: handing,
    find: "const settled = duty.settled().then(() => 'settled' as const);",
    replace:
      "const settled = current.patience === null ? duty.settled().then(() => 'settled' as const) : Promise.resolve('settled' as const);",
    caughtBy,
  },
  {
    name: 'older-line-is-a-life',
    breaks: 'A process that is gone counts as alive because a server that is behind shows an older line of it.',
    file: 'src/coordinator/spread/living.ts',
    find: 'if (line.count < before.line.count) return',
    replace: 'if (line.count < 0) return',
    caughtBy: ['named'],
  },
  {
    name: 'two-looks-at-once',
    breaks: 'Of two reads of who lives the older answer comes last, and counts.',
    file: 'src/coordinator/spread/neighbourhood.ts',
    find: 'this.looking = this.looking.then(() => this.lookNow());',
    replace: 'this.looking = this.lookNow();',
    caughtBy: ['named'],
  },
  {
    name: 'given-past-an-older-version',
    breaks: 'A mastership that is given away goes to a member of an older version, which claims whatever is released.',
    file: 'src/coordinator/spread/rebalancer.ts',
    find: 'if (members.some((member) => knowsNoRequests(member) &&',
    replace: 'if (members.every((member) => knowsNoRequests(member) &&',
    caughtBy: ['named'],
  },
  {
    name: 'dead-old-member-blocks-moves',
    breaks:
      'The line of a killed standby of an older version keeps its subsystem from being moved until the line is gone.',
    file: 'src/coordinator/spread/rebalancer.ts',
    find: 'knowsNoRequests(member) && !isGone(member, now)',
    replace: 'knowsNoRequests(member) && (now > 0 || !isGone(member, now))',
    caughtBy,
  },
];
