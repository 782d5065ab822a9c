/** The parser with all commands: what it says in its help, and how it refuses. */
import { Command } from 'commander';
import { ownVersion } from '../surroundings/ownVersion.js';
import { commands } from './commands/table.js';
import type { CommandContext } from './context.js';
import { exitCodes } from './exit.js';

const WIDTH = Math.max(...exitCodes.map(({ code }) => code.length));

/** What the help says below the commands. */
const general = `
Exit codes:
${exitCodes.map(({ code, meaning }) => `  ${code.padEnd(WIDTH)}  ${meaning}`).join('\n')}

A flag goes before a variable MONGO_FAILOVER_<NAME>, that before the file mongo-failover.json, and that before the default.
Try mongo-failover <command> --help.`;

/** Returns the parser. It never ends the process, and throws a `CommanderError` instead. */
export function makeProgram(context: CommandContext): Command {
  const program = new Command('mongo-failover')
    .description('Runs a background subsystem on exactly one of several Node.js instances.')
    .version(
      `mongo-failover/${ownVersion()} ${process.platform}-${process.arch} node-${process.version}`,
      '-V, --version',
      'print the version',
    )
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .exitOverride()
    // Errors are told by main.ts, in one way for all.
    .configureOutput({ outputError: () => {}, writeErr: () => {} })
    .configureHelp({ showGlobalOptions: false })
    .addHelpText('after', general);
  for (const register of commands) register(program, context);
  return program;
}
