/**
 * Returns the options of Node.js for a thread. It takes those of the process over, and `--input-type`, which goes with a
 * program given by `--eval`, is one that it refuses.
 */
export function threadExecArgv(): { execArgv?: string[] } {
  return process.execArgv.some((option) => option.startsWith('--input-type')) ? { execArgv: [] } : {};
}
