#!/usr/bin/env node
/** The command line: reads the arguments, and turns what comes out into an exit code. */
import { createRequire } from 'node:module';
import { cac } from 'cac';
import pc from 'picocolors';
import { runDemo } from './demo/demo.js';
import { defaults, readDemoOptions, UsageError } from './demo/options.js';
import { reportJson, reportText } from './demo/report.js';
import { Interrupted, interruptions } from './interruptions.js';
import { createDisplay } from './screen/createDisplay.js';

const FAILED = 1;
const USAGE = 2;

const { version }: { version: string } = createRequire(import.meta.url)('mongo-failover/package.json');

const demoHelp = `  Several processes work through the files of a folder (default: the installed dependencies), one of them at a
  time: each file is compressed, and its SHA-256 goes into a ledger. In between, the master's main thread is blocked
  for 3 s, which must change nothing, and then the master is killed, after which another must go on. At the end
  the ledger is compared with the files. Exit code 0: everything holds. 1: something does not. 2: wrong arguments.

  The amount of work is measured out to fit --seconds on this machine: every file up to 4 MiB, compressed as hard
  as the time allows; of a folder that is too large for the lightest compression, a part; files of a small one are
  compressed several times. The folder must be at rest: files that change during the run cannot be judged.`;

async function demo(
  folder: string | undefined,
  given: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<void> {
  const options = readDemoOptions(folder, given);
  const result = await runDemo(options, createDisplay(options.json), signal);
  signal.throwIfAborted();
  const colours = process.stdout.isTTY && pc.isColorSupported;
  console.log(options.json ? reportJson(result, options) : `\n${reportText(result, colours)}`);
  process.exitCode = result.audit.holds ? 0 : FAILED;
}

async function main(): Promise<void> {
  const signal = interruptions(process, () => performance.now());
  const cli = cac('mongo-failover');
  cli
    .command('demo [folder]', 'Watch a failover of three processes at work on real files')
    .option(
      '--mongodb <uri>',
      'Use this MongoDB (default: the embedded store, no server); a few small documents stay there',
    )
    .option('--members <count>', `How many processes, 2 or more (default: ${defaults.members})`)
    .option('--seconds <count>', `About how long it may take, 15 or more (default: ${defaults.seconds})`)
    .option('--json', 'One JSON document on stdout at the end, what happens on stderr')
    .option('--keep', 'Keep the temporary folder with the ledger, and say where it is')
    .action((folder, given) => demo(folder, given, signal));
  cli.help((sections) =>
    cli.matchedCommandName === 'demo' ? [...sections, { title: 'What happens', body: demoHelp }] : sections,
  );
  cli.version(version);

  const { args, options } = cli.parse(process.argv, { run: false });
  if (options.help === true || options.version === true) return;
  if (cli.matchedCommand === undefined) {
    const [command] = args;
    throw new UsageError(command === undefined ? 'a command is missing' : `unknown command \`${command}\``);
  }
  await cli.runMatchedCommand();
}

main().catch((error: unknown) => {
  if (error instanceof Interrupted) return;
  // The parser's own errors carry no code, only this name.
  if (error instanceof UsageError || (error instanceof Error && error.name === 'CACError')) {
    console.error(`mongo-failover: ${error.message}\nTry mongo-failover --help.`);
    process.exitCode = USAGE;
    return;
  }
  console.error(error);
  process.exitCode = FAILED;
});
