#!/usr/bin/env node
/** The command line: reads the arguments, and turns what comes out into an exit code. */
import { makeContext } from './context.js';
import { ending } from './ending.js';
import { makeProgram } from './program.js';

const args = process.argv.slice(2);

async function main(): Promise<void> {
  const program = makeProgram(makeContext(args));
  await program.parseAsync(args, { from: 'user' });
}

main().catch((error: unknown) => {
  const { code, text } = ending(error, args);
  if (text !== '') console.error(text);
  if (code !== undefined) process.exitCode = code;
});
