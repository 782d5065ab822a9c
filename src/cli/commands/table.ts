/** All commands, in the order of the help. */
import type { Register } from '../context.js';
import { bench } from './bench.js';
import { cancel } from './cancel.js';
import { completion } from './completion.js';
import { demo } from './demo.js';
import { doctor } from './doctor.js';
import { drain, undrain } from './drain.js';
import { events } from './events.js';
import { exec } from './exec.js';
import { handOver } from './handOver.js';
import { discard, requeue } from './letters.js';
import { list } from './list.js';
import { outcome } from './outcome.js';
import { page } from './page.js';
import { pause, resume } from './pause.js';
import { schedule, schedules } from './schedules.js';
import { status } from './status.js';
import { submit } from './submit.js';
import { tasks } from './tasks.js';
import { top } from './top.js';
import { update } from './update.js';

export const commands: readonly Register[] = [
  ...[list, status, top, events, tasks, outcome, submit, update, cancel, requeue, discard],
  ...[schedules, schedule, handOver, pause, resume, drain, undrain, page, exec, doctor, bench, completion, demo],
];
