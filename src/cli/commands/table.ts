/** All commands, in the order of the help. */
import type { Register } from '../context.js';
import { demo } from './demo.js';
import { exec } from './exec.js';

export const commands: readonly Register[] = [exec, demo];
