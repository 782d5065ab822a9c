/** `bench`: what the package does on this machine and this store. */
import { ownRuns } from '../bench/ownFigures.js';
import type { BenchOptions } from '../bench/run.js';
import { benchText } from '../bench/table.js';
import type { Register } from '../context.js';
import { withCommonOptions } from '../settings/common.js';
import { readCount } from '../settings/values.js';
import { type Session, session } from '../support/session.js';

const defaults = { members: 3, rounds: 5, tasks: 5000 } as const;

type Flags = Readonly<Record<string, unknown>>;

export const bench: Register = (program, context) => {
  const command = program
    .command('bench')
    .description('measure beats, round trips, hand-overs, failovers and tasks on this machine and this store')
    .option('--members <count>', `how many member processes, 3 or more (default: ${defaults.members})`)
    .option('--rounds <count>', `how many hand-overs and failovers (default: ${defaults.rounds})`)
    .option('--tasks <count>', `how many stored tasks (default: ${defaults.tasks})`);
  withCommonOptions(command).action((flags: Flags) => {
    const options: BenchOptions = {
      members: readCount(flags.members, '--members', { min: 3, max: 16, fallback: defaults.members }),
      rounds: readCount(flags.rounds, '--rounds', { min: 1, max: 100, fallback: defaults.rounds }),
      tasks: readCount(flags.tasks, '--tasks', { min: 1, max: 1_000_000, fallback: defaults.tasks }),
    };
    const run = async (opened: Session): Promise<void> => {
      const { runBench } = await import('../bench/run.js');
      const result = await runBench(opened.settings.store, options, opened);
      const own = ownRuns['nodb' in opened.settings.store ? 'embedded' : 'mongodb'];
      opened.output.result({ options, ...result, own }, () => benchText(result, own));
    };
    return session(flags, context, run, true);
  });
};
