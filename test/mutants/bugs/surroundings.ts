/** Mistakes about what is around the members: other threads, other users, code of the user that calls back. */
import type { PlantedBug } from '../plantedBug.ts';

const caughtBy = ['named'] as const;

export const surroundingBugs: readonly PlantedBug[] = [
  {
    name: 'letter-of-a-living-member-taken',
    breaks: 'A member replaces the claim of another one that is putting the same dead letter back.',
    file: 'src/coordinator/deadLetters.ts',
    find: 'return since !== undefined && this.parts.clock.now() - since >= CLAIM_MAX_MS;',
    replace: 'return since !== undefined;',
    caughtBy,
  },
  {
    name: 'late-claim-queues-its-letter',
    breaks: 'A member queues a dead letter although its claim is so old that another member may have replaced it.',
    file: 'src/wire/takenLetter.ts',
    find: 'if (age < CLAIM_FRESH_MAX_MS) return;',
    replace: 'if (age < CLAIM_FRESH_MAX_MS * 1000) return;',
    caughtBy,
  },
  {
    name: 'thenables-unheard',
    breaks: 'The rejection of a thenable that a listener returns is told only if it is a promise of this realm.',
    file: 'src/values/rejections.ts',
    find: "if (typeof then === 'function') ",
    replace: "if (typeof then === 'function' && returned instanceof Promise) ",
    caughtBy,
  },
  {
    name: 'left-behind-calls-do-not-wait',
    breaks: 'A call that a run has left behind counts as a call of the run under way, and does not wait for it.',
    file: 'src/facade/insideWork.ts',
    find: 'this.callers.getStore() === this.current;',
    replace: 'this.callers.getStore() !== undefined;',
    caughtBy,
  },
  {
    name: 'preload-makes-a-cluster-in-a-task-thread',
    breaks: 'A preload that makes a cluster in each task thread is not refused there.',
    file: 'src/surroundings/ownThreads.ts',
    find: "if (thread === 'task' && Atomics.load(began, 0) !== 0) return;",
    replace: "if (thread === 'task' && Atomics.load(began, 0) >= 0) return;",
    caughtBy,
  },
  {
    name: 'default-folder-open-to-others',
    breaks: 'The default folder of the embedded store is used although other users can write there.',
    file: 'src/store/embedded/place.ts',
    find: 'if ((mode & OTHERS_WRITE) === 0) return undefined;',
    replace: 'if ((mode & OTHERS_WRITE) >= 0) return undefined;',
    caughtBy,
  },
  {
    name: 'fence-waits-for-the-end-of-the-module',
    breaks: 'A fence leaves the function `stop` of the module all the time that a drain has given it (rule 7).',
    file: 'src/queue/dispatcher.ts',
    find: "if (this.ending === 'asked') runner.hurry?.(this.stopUntil);",
    replace: "if (this.ending === 'ended') runner.hurry?.(this.stopUntil);",
    caughtBy,
  },
  {
    name: 'runtime-that-is-none',
    breaks: 'A version of Node.js that is told not to `require` ES modules is accepted.',
    file: 'src/surroundings/runtime.ts',
    find: 'if (option !== undefined) throw',
    replace: "if (option === '--no') throw",
    caughtBy,
  },
  {
    name: 'echo-of-a-signal-kills',
    breaks: 'A signal that npm or a watcher passes on a second time ends the process in the midst of its close.',
    file: 'src/facade/signalHandlers.ts',
    find: '} else if (isImpatient(this.asked, signal, now)) {',
    replace: '} else if (isImpatient(this.asked, signal, now) || true) {',
    caughtBy,
  },
  {
    name: 'hanging-close-has-no-end',
    breaks: 'The limit of a close counts for nothing where the program ends by itself.',
    file: 'src/facade/signalHandlers.ts',
    find: 'if (!exit) this.limit.unref();',
    replace: 'if (!exit) time.clearTimeout(this.limit);',
    caughtBy,
  },
];
