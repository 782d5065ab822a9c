/** The work module of our own competitor: a task is one slice. */
import { slice } from '../../src/cli/bench/cpuWork.js';

export default function work({ id }: { id: number }): boolean {
  return slice(id) !== '';
}
