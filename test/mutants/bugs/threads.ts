/** Mistakes of the places of task threads. */
import type { PlantedBug } from '../plantedBug.ts';

const places = 'src/execution/threadPlaces.ts';
const runner = 'src/execution/threadRunner.ts';
const caughtBy = ['named'] as const;

export const threadBugs: readonly PlantedBug[] = [
  {
    name: 'one-thread-too-many',
    breaks: 'One task thread more than `taskThreads.most` may live.',
    file: places,
    find: 'if (this.taken.size >= this.most) break;',
    replace: 'if (this.taken.size > this.most) break;',
    caughtBy,
  },
  {
    name: 'place-free-before-exit',
    breaks: 'A thread that is asked to leave has left its place before it has exited.',
    file: places,
    find: "if (to === 'free') {",
    replace: "if (to === 'free' || to === 'leaving') {",
    caughtBy,
  },
  {
    name: 'place-of-who-gave-up',
    breaks: 'Who gives up in line is served nevertheless, and keeps the place for ever.',
    file: places,
    find: '      this.waiting.delete(place);\n      this.taken.delete(place);',
    replace: '      this.taken.delete(place);',
    caughtBy,
  },
  {
    name: 'turn-without-end',
    breaks: 'A thread that always has tasks keeps its place while others wait.',
    file: places,
    find: 'return Math.min(this.idleSince + this.rest, Math.max(this.idleSince, this.turnEnds));',
    replace: 'return Math.min(this.idleSince + this.rest, Math.max(this.idleSince, this.turnEnds + 1e9));',
    caughtBy,
  },
  {
    name: 'leaves-amid-a-task',
    breaks: 'A thread is ended for another while it runs a task.',
    file: places,
    find: "if (this.state === 'idle') this.move('busy');",
    replace: "if (this.state === 'busy') this.move('busy');",
    caughtBy,
  },
  {
    name: 'more-leave-than-wait',
    breaks: 'For one that waits all idle threads are ended.',
    file: places,
    find: 'short -= 1;',
    replace: 'short -= 0;',
    caughtBy,
  },
  {
    name: 'wait-outlives-the-mastership',
    breaks: 'A load that waits for its place goes on after the end of its mastership.',
    file: runner,
    find: '    this.endWait();\n    this.started = false;',
    replace: '    this.started = false;',
    caughtBy,
  },
  {
    name: 'held-thread-keeps-its-place',
    breaks: 'A thread that a native call holds takes a place from the others until it exits.',
    file: 'src/execution/poolStart.ts',
    find: 'endsBy(clock, clock.now() + exitPatience, exit)',
    replace: 'endsBy(clock, clock.now() + 1000 * exitPatience, exit)',
    caughtBy,
  },
  {
    name: 'hold-waits-for-a-thread',
    breaks: 'A hand-over of a subsystem whose task waits for a thread waits for the tasks of others.',
    file: 'src/queue/dispatcher.ts',
    find: "else if (this.mode === 'loading' && this.parts.runner.stopWaiting?.()) this.wait(0);",
    replace: '',
    caughtBy,
  },
];
