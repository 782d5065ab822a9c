/** `demo`: a failover on real files. */
import pc from 'picocolors';
import type { CommandContext, Register } from '../context.js';
import { defaults, readDemoOptions } from '../demo/options.js';
import { exits } from '../exit.js';

const help = `
What happens:
  Several processes work through the files of a folder (default: the installed dependencies), one of them at a
  time: each file is compressed, and its SHA-256 goes into a ledger. In between, the master's main thread is blocked
  for 3 s, which must change nothing, and then the master is killed, after which another must go on. At the end
  the ledger is compared with the files. Exit code 0: everything holds. 1: something does not. 2: wrong arguments.

  The amount of work is measured out to fit --seconds on this machine: every file up to 4 MiB, compressed as hard
  as the time allows; of a folder that is too large for the lightest compression, a part; files of a small one are
  compressed several times. The folder must be at rest: files that change during the run cannot be judged.`;

export const demo: Register = (program, context) => {
  program
    .command('demo')
    .description('watch a failover of three processes at work on real files')
    .argument('[folder]', 'whose files are worked off (default: the installed dependencies)')
    .option('--mongodb <uri>', 'use this MongoDB instead of the embedded store; a few small documents stay there')
    .option('--members <count>', `how many processes, 2 or more (default: ${defaults.members})`)
    .option('--seconds <count>', `about how long it may take, 15 or more (default: ${defaults.seconds})`)
    .option('--json', 'one JSON document on stdout at the end, what happens on stderr')
    .option('--keep', 'keep the temporary folder with the ledger, and say where it is')
    .addHelpText('after', help)
    .action((folder: string | undefined, given: Record<string, unknown>) => run(folder, given, context));
};

async function run(
  folder: string | undefined,
  given: Readonly<Record<string, unknown>>,
  { signal }: CommandContext,
): Promise<void> {
  const options = readDemoOptions(folder, given);
  // The other commands need not load all this.
  const [{ runDemo }, { reportJson, reportText }, { createDisplay }] = await Promise.all([
    import('../demo/demo.js'),
    import('../demo/report.js'),
    import('../screen/createDisplay.js'),
  ]);
  const result = await runDemo(options, createDisplay(options.json), signal);
  signal.throwIfAborted();
  const colours = process.stdout.isTTY && pc.isColorSupported;
  console.log(options.json ? reportJson(result, options) : `\n${reportText(result, colours)}`);
  process.exitCode = result.audit.holds ? exits.done : exits.failed;
}
