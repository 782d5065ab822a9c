/** All commands, in the order of the help. */
import type { Register } from '../context.js';
import { demo } from './demo.js';
import { list } from './list.js';
import { status } from './status.js';
import { tasks } from './tasks.js';

export const commands: readonly Register[] = [list, status, tasks, demo];
