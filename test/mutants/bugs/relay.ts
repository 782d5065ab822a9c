/** Mistakes where tasks are moved from the outbox into the queue, by which one would be lost or be queued twice. */
import type { PlantedBug } from '../plantedBug.ts';

const relay = 'src/relay/relay.ts';
const embeddedOutbox = 'src/store/embedded/outbox.ts';
const mongodbOutbox = 'src/store/mongodb/tasks/mongodbOutbox.ts';
const caughtBy = ['named'] as const;

export const relayBugs: readonly PlantedBug[] = [
  {
    name: 'entry-removed-before-it-is-stored',
    breaks: 'An entry is removed before its task is stored, and a crash in between loses it.',
    file: relay,
    find: '    const results = await store.relayTasks(reign.tenure, tasks, since);',
    replace:
      '    await outbox.removeEntries(name, entries);\n    const results = await store.relayTasks(reign.tenure, tasks, since);',
    caughtBy,
  },
  {
    name: 'due-entry-not-marked',
    breaks: 'An entry that is due is not marked, so a master whose clock is behind trims its task, and moves it again.',
    file: relay,
    find: 'if (unmarked.length > 0) await outbox.markEntries(name, unmarked);',
    replace: 'if (unmarked.length > entries.length) await outbox.markEntries(name, unmarked);',
    caughtBy,
  },
  {
    name: 'origin-trimmed-before-the-first-look',
    breaks: 'A new master trims tasks whose entries the one before did not come to remove.',
    file: relay,
    find: 'const limit = reign.settled ? (reign.first ?? Number.POSITIVE_INFINITY) - 1 : 0;',
    replace: 'const limit = (reign.first ?? Number.POSITIVE_INFINITY) - 1;',
    caughtBy,
  },
  {
    name: 'origin-trimmed-too-early',
    breaks: 'A task is trimmed although its entry may still be there.',
    file: relay,
    find: 'const limit = reign.settled ? (reign.first ?? Number.POSITIVE_INFINITY) - 1 : 0;',
    replace: 'const limit = reign.settled ? Number.POSITIVE_INFINITY : 0;',
    caughtBy,
  },
  {
    name: 'origin-unseen',
    breaks: 'The relay does not see that a task in the queue has an origin.',
    file: relay,
    find: '      if (origin === undefined) continue;',
    replace: '      if (origin !== undefined || seq > 0) continue;',
    caughtBy,
  },
  {
    name: 'origin-held-for-ever',
    breaks: 'Tasks with an origin are never trimmed, though their entries are gone.',
    file: relay,
    find: 'reign.first = reign.last > done ? done + 1 : null;',
    replace: 'reign.first = reign.last > done ? done + 1 : reign.first;',
    caughtBy,
  },
  {
    name: 'origin-not-looked-up',
    breaks: 'The embedded store adds a task though one of its origin is there.',
    file: 'src/store/embedded/tasks.ts',
    find: 'if (relayed !== undefined) return RELAYED - relayed.version;',
    replace: 'if (origin === "") return RELAYED;',
    caughtBy: ['contract'],
  },
  {
    name: 'origin-not-looked-up-on-mongodb',
    breaks: 'On MongoDB a task is added though one of its origin is there.',
    file: 'src/store/mongodb/tasks/taskAdder.ts',
    find: 'const relayed = since === null ? noOrigins : await this.originsOf(asked, fitting);',
    replace: 'const relayed = since === null || fitting.length > 0 ? noOrigins : await this.originsOf(asked, fitting);',
    caughtBy: ['contract'],
  },
  {
    name: 'due-before-its-time',
    breaks: 'The embedded store gives out an entry before its time.',
    file: 'src/store/embedded/keys.ts',
    find: "entryKey(name, { marked: false, at: at + 1, origin: '' })",
    replace: "entryKey(name, { marked: false, at: at + 10, origin: '' })",
    caughtBy: ['contract'],
  },
  {
    name: 'due-before-its-time-on-mongodb',
    breaks: 'On MongoDB an entry is given out before its time.',
    file: mongodbOutbox,
    find: 'return due === true || !(at instanceof Date) || at <= now;',
    replace: 'return due !== false || !(at instanceof Date) || at <= now;',
    caughtBy: ['contract'],
  },
  {
    name: 'late-removal-takes-the-next',
    breaks: 'A removal that comes late takes an entry that came in the place of the one that it is for.',
    file: mongodbOutbox,
    find: "return isObjectId(key) || given === '' ? { _id: key } : { _id: key, origin: given };",
    replace: 'return { _id: key, ...(given === "none" ? { origin } : {}) };',
    caughtBy: ['contract'],
  },
  {
    name: 'marked-entry-not-removed',
    breaks: 'The embedded store does not remove an entry that was marked since it was read, and it is moved again.',
    file: embeddedOutbox,
    find: "for (const key of [Buffer.from(hex, 'hex'), markedKey(name, hex, origin)]) {",
    replace: "for (const key of [Buffer.from(hex, 'hex'), Buffer.from(hex, 'hex')]) {",
    caughtBy: ['contract'],
  },
];
