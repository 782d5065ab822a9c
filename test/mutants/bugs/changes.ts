/** Mistakes in requests to cancel or update a stored task: src/queue/durable/changing.ts has the steps. */
import type { PlantedBug } from '../plantedBug.ts';

const changing = 'src/queue/durable/changing.ts';
const reign = 'src/queue/durable/reign.ts';
const window = 'src/queue/durable/taskWindow.ts';

export const changeBugs: readonly PlantedBug[] = [
  {
    name: 'cancelled-task-begins-while-it-is-marked',
    breaks: 'A task may begin while its mark is on the way.',
    file: changing,
    find: 'return this.held.has(seq);',
    replace: 'return this.held.has(-seq);',
    caughtBy: ['named'],
  },
  {
    name: 'cancelled-task-runs',
    breaks: 'The window does not hear that a task is cancelled, so it runs.',
    file: changing,
    find: '    window.amend(seq, bytes);\n',
    replace: '    if (bytes !== null) window.amend(seq, bytes);\n',
    caughtBy: ['named', 'walks'],
  },
  {
    name: 'answered-before-proven',
    breaks: 'A master that is deposed answers that a task is removed.',
    file: changing,
    find: '!(await store.markTask({ seq, key, bytes })) || !(await prove())',
    replace: '!(await store.markTask({ seq, key, bytes }))',
    caughtBy: ['named'],
  },
  {
    name: 'answered-before-stored',
    breaks: 'A task is said to be removed, and its mark is not in the store.',
    file: changing,
    find: '!(await store.markTask({ seq, key, bytes })) || !(await prove())',
    replace: '!(await prove())',
    caughtBy: ['named', 'walks'],
  },
  {
    name: 'cancelled-beside-its-run',
    breaks: 'A task is taken out although it is in the run under way.',
    file: changing,
    find: 'const ended = task === undefined ? null : apart(task, running && bytes === null);',
    replace:
      'const ended = task === undefined || task.failed < 0 ? null : apart(task, running && bytes === null) && null;',
    caughtBy: ['named'],
  },
  {
    name: 'old-answer-brings-a-cancelled-task',
    breaks: 'A task that is cancelled beyond the window comes in as it was, by an answer that was under way.',
    file: window,
    find: 'if (bytes === null || this.fetching) this.amended.set(seq, bytes);',
    replace: '',
    caughtBy: ['named'],
  },
  {
    name: 'offer-brings-an-old-payload',
    breaks: 'A task that was changed before it came in comes in as it was stored.',
    file: window,
    find: 'const isUnchanged = task.seq > this.amendedThrough;',
    replace: 'const isUnchanged = task.seq > 0;',
    caughtBy: ['named'],
  },
  {
    name: 'passed-before-answered',
    breaks:
      'A cancelled task is passed over before its request is answered, and the next master says that it was done.',
    file: changing,
    find: 'return this.seen && !this.holds(seq);',
    replace: 'return seq > 0;',
    caughtBy: ['named'],
  },
  {
    name: 'passed-before-requests-are-seen',
    breaks: 'A new master passes over what the one before has cancelled, and then says that it was done.',
    file: changing,
    find: 'return this.seen && !this.holds(seq);',
    replace: 'return !this.holds(seq);',
    caughtBy: ['named'],
  },
  {
    name: 'requests-hide-others',
    breaks: 'As many requests as one answer holds wait for a run, and a request that ends that run is not seen.',
    file: changing,
    find: 'openChanges([...this.deciding])',
    replace: 'openChanges([])',
    caughtBy: ['named'],
  },
  {
    name: 'cancelled-head-blocks',
    breaks: 'A head that is cancelled while its last attempt goes on record blocks the queue for ever.',
    file: reign,
    find: "if (head.cancelled !== 'no') return this.release('recording');",
    replace: '',
    caughtBy: ['named'],
  },
  {
    name: 'second-cancel-forgets-the-first',
    breaks: 'Of two tasks of a run that are cancelled, the one that was told to end has failed.',
    file: 'src/queue/dispatcher.ts',
    find: 'if (ends) run.cancels.add(task);',
    replace: 'if (ends) run.told = null;\n    if (ends) run.cancels.clear();\n    if (ends) run.cancels.add(task);',
    caughtBy: ['named'],
  },
  {
    name: 'wait-for-who-has-left',
    breaks: 'All wait for the next attempt of a task that is cancelled.',
    file: 'src/queue/dispatcher.ts',
    find: 'this.parts.queue.isHead?.(this.waitsFor) === false',
    replace: 'this.parts.queue.isHead === null',
    caughtBy: ['named'],
  },
  {
    name: 'done-before-acknowledged',
    breaks: 'A task is said to be done before that is acknowledged, and runs again under the next master.',
    file: changing,
    find: "if (seq <= acknowledged()) return 'done';",
    replace: "if (seq <= finished()) return 'done';",
    caughtBy: ['named'],
  },
  {
    name: 'cancelled-tasks-widen-the-suspects',
    breaks: 'Cancelled tasks do not count among the unacknowledged, so a poison task is beyond the suspects.',
    file: reign,
    find: 'UNACKNOWLEDGED_MAX - (finished - acknowledged)',
    replace: 'UNACKNOWLEDGED_MAX - this.ids.length',
    caughtBy: ['walks'],
  },
  {
    name: 'takeover-without-rest',
    breaks: 'A new master begins its first task at once, whatever the last one began a moment before.',
    file: 'src/coordinator/duties/durableDuty.ts',
    find: '    this.pacing?.rest();\n    this.dispatcher.start(term);',
    replace: '    this.dispatcher.start(term);',
    caughtBy: ['named'],
  },
];
