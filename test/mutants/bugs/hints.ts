/** Mistakes about hints: that something depends on them, or that they cost too much. */
import type { PlantedBug } from '../plantedBug.ts';

const protocol = 'src/election/protocol.ts';
const reign = 'src/queue/durable/reign.ts';
const wakeups = 'src/store/embedded/wakeups.ts';
const changes = 'src/store/mongodb/wakeups/changes.ts';
const streams = 'src/store/mongodb/wakeups/wakeUps.ts';

export const hintBugs: readonly PlantedBug[] = [
  {
    name: 'tasks-wait-for-a-hint',
    breaks: 'A master looks for new tasks when it is given a hint, and not every POLL.',
    file: 'src/queue/durable/polling.ts',
    find: 'if (began < this.lookFrom) return;',
    replace: 'if (this.lookFrom >= 0) return;',
    caughtBy: ['named'],
  },
  {
    name: 'hints-make-a-loop-of-looks',
    breaks: 'Hints that follow each other make a standby look as fast as the store answers.',
    file: protocol,
    find: 'const from = (state.lastLookAt ?? this.now) + Math.min(mostMs, share * this.config.intervals.POLL);',
    replace: 'const from = this.now + Math.min(0, mostMs, share);',
    caughtBy: ['named'],
  },
  {
    name: 'looks-are-hints',
    breaks: 'Each look of a member has the others look, which do the same.',
    file: wakeups,
    find: '    default:\n      return undefined;',
    replace: "    default:\n      return slotOf(name, 'lease');",
    caughtBy: ['named'],
  },
  {
    name: 'drain-is-no-hint',
    breaks: 'A drain is heard of by looks and beats alone (embedded store).',
    file: wakeups,
    find: "    case 'putDrain':\n    case 'removeDrain':\n      return ALL_LEASES;",
    replace: "    case 'putDrain':\n    case 'removeDrain':\n      return undefined;",
    caughtBy: ['named', 'contract'],
  },
  {
    name: 'hint-asks-a-store-that-failed',
    breaks: 'A hint makes a member look at a store that it has given up until ERROR is over.',
    file: protocol,
    find: "const isStandby = state.phase === 'slave' || state.phase === 'ticking';",
    replace: "const isStandby = state.phase !== 'init';",
    caughtBy: ['named'],
  },
  {
    name: 'hint-asks-for-a-busy-queue',
    breaks: 'A master that has tasks to do asks the store for more at each hint.',
    file: reign,
    find: 'if (this.window.head === undefined) void this.fill();',
    replace: 'void this.fill();',
    caughtBy: ['named'],
  },
  {
    name: 'hint-is-lost-in-a-takeover',
    breaks: 'A task that is stored while a master takes the queue over waits for the next POLL.',
    file: 'src/queue/durable/durableQueue.ts',
    find: 'if (this.wasHinted) reign.hinted();',
    replace: '',
    caughtBy: ['named'],
  },
  {
    name: 'hint-stands-for-a-wait',
    breaks: 'A hint counts as the word that the lease was released, so its holder is not waited for.',
    file: protocol,
    find: '    state.nextLookAt = Math.min(state.nextLookAt, Math.max(this.now, from));',
    replace:
      '    state.nextLookAt = Math.min(state.nextLookAt, Math.max(this.now, from));\n' +
      '    if (state.seen !== null) state.seen = { ...state.seen, since: state.seen.since - this.config.intervals.SLAVE };',
    caughtBy: ['named'],
  },
  {
    name: 'hint-of-its-own-tasks',
    breaks: 'A master asks the store for each task that its own process has just stored.',
    file: 'src/store/embedded/server.ts',
    find: "const own = [...marked].filter((slot) => topicOf(slot) === 'lease');",
    replace: 'const own = [...marked].filter((slot) => topicOf(slot) !== undefined);',
    caughtBy: ['named', 'contract'],
  },
  {
    name: 'beats-are-hints',
    breaks: 'The change stream tells each standby of each beat of the master, and each standby looks.',
    file: changes,
    find: "      'updateDescription.updatedFields.holder': { $type: 'null' },\n",
    replace: '',
    caughtBy: ['named'],
  },
  {
    name: 'gap-between-streams',
    breaks: 'What happened between two change streams is not made up for by a look.',
    file: streams,
    find: 'if (this.hasOpened) for (const hint of',
    replace: 'if (this.hasOpened && this.failures < 0) for (const hint of',
    caughtBy: ['named'],
  },
  {
    name: 'streams-that-ended-for-good',
    breaks: 'A change stream that ends, as in each election of a replica set, is not opened again.',
    file: streams,
    find: '    this.renewAfter(lasts ? RETRY_LASTING_MS : backOff);',
    replace: '    if (backOff < 0) this.renewAfter(lasts ? RETRY_LASTING_MS : backOff);',
    caughtBy: ['named'],
  },
  {
    name: 'hint-amid-a-look-is-lost',
    breaks:
      'A hint that comes while a look is under way is dropped, though the look may have read what was there before.',
    file: 'src/election/elector.ts',
    find: 'if (this.state.pending !== null) this.wasHinted = true;',
    replace: 'if (this.state.requests < 0) this.wasHinted = true;',
    caughtBy: ['named'],
  },
  {
    name: 'hint-amid-the-look-of-an-asker-is-lost',
    breaks: 'Who asks for a hand-over hears of it by the next POLL, if the hint came while they looked.',
    file: 'src/coordinator/orders/asking.ts',
    find: 'if (this.hints === known) {',
    replace: 'if (this.hints >= known) {',
    caughtBy: ['named'],
  },
  {
    name: 'order-amid-a-claim-waits-for-a-beat',
    breaks: 'A pause that is written while a member claims is obeyed with the first beat of its mastership.',
    file: 'src/coordinator/member.ts',
    find: 'return this.wasHinted ? this.ordered() : undefined;',
    replace: 'return;',
    caughtBy: ['named'],
  },
  {
    name: 'rival-of-a-requeue-waits-for-poll',
    breaks: 'Of two members that put a letter back at once, one looks at it again after POLL.',
    file: 'src/coordinator/deadLetters.ts',
    find: 'await pause(clock, wait);',
    replace: 'await pause(clock, poll + 0 * wait);',
    caughtBy: ['named'],
  },
];
