/** `completion`: a script by which a shell completes commands and flags. */
import { completionScript, shells } from '../completion.js';
import type { Register } from '../context.js';
import { UsageError } from '../exit.js';

export const completion: Register = (program) => {
  program
    .command('completion')
    .description('print a script by which a shell completes commands and flags')
    .argument('<shell>', shells.join(', '))
    .action((asked: string) => {
      const shell = shells.find((known) => known === asked);
      if (shell === undefined)
        throw new UsageError(`completion takes ${shells.join(', ')}, not ${JSON.stringify(asked)}`);
      process.stdout.write(completionScript(program, shell));
    });
};
