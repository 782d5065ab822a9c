/**
 * npm run simulate -- --seeds 20000 [--from S] [--processes 2]     many seeds, over child processes
 * npm run simulate -- --elections --seeds 20000                    the same without queues, elections alone
 * npm run simulate -- --seed X [--trace]                           one of them again
 *
 * Exits with 1 when a seed fails, and with 2 when a flag is wrong.
 */
import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Chunk, ChunkReport } from './batch.ts';
import { type Flags, help, parseFlags } from './flags.ts';
import { drawSetting } from './setting.ts';
import { add, describe, noTotals, shrink, type Totals, traceSetting } from './simulate.ts';

const CHUNK = 50;

async function one(seed: number, { overrides, trace: isTraced }: Flags): Promise<boolean> {
  const setting = drawSetting(seed, overrides);
  const { trace, failure } = await traceSetting(setting);
  if (isTraced) for (const line of trace) console.log(line);
  if (failure === null) {
    console.log(`seed ${seed}: all held`);
    return true;
  }
  console.log(failure.stack ?? failure.message);
  console.log(describe(failure, isTraced ? failure : await shrink(failure)));
  return false;
}

async function many({ seeds, from, processes, overrides }: Flags): Promise<boolean> {
  const start = performance.now();
  const totals = noTotals();
  const failures: string[] = [];
  let next = from;
  const take = (): Chunk | null => {
    if (failures.length > 0 || next >= from + seeds) return null;
    const chunk = { from: next, count: Math.min(CHUNK, from + seeds - next), elections: overrides.elections === true };
    next += chunk.count;
    return chunk;
  };
  const child = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const process = fork(
        fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './batch.ts' : './batch.js', import.meta.url)),
      );
      let chunk: Chunk | null = null;
      const sendNext = (): void => {
        chunk = take();
        if (chunk === null) process.disconnect();
        else process.send(chunk);
      };
      process.on('message', (report: ChunkReport) => {
        add(totals, report.totals);
        if (report.failure !== null) failures.push(report.failure);
        sendNext();
      });
      process.on('error', reject);
      process.on('exit', (code) => {
        if (code !== 0) {
          const last = chunk === null ? '' : ` at seeds ${chunk.from} to ${chunk.from + chunk.count - 1}`;
          failures.push(`a child process ended with ${code}${last}`);
        }
        resolve();
      });
      sendNext();
    });
  await Promise.all(Array.from({ length: Math.min(processes, Math.ceil(seeds / CHUNK)) }, child));
  for (const failure of failures) console.log(failure);
  console.log(summary(totals, (performance.now() - start) / 1000));
  return failures.length === 0;
}

function summary(totals: Totals, seconds: number): string {
  const hours = totals.simulated / 3_600_000;
  const {
    seeds,
    events,
    masterships,
    crashes,
    takeovers,
    done,
    repeats,
    unloadable,
    resigned,
    losses,
    removals,
    relayed,
  } = totals;
  return [
    `${seeds} seeds in ${seconds.toFixed(1)} s: ${hours.toFixed(1)} simulated hours, ${(hours / seconds).toFixed(2)} per second, ${events} events`,
    `${masterships} masterships, ${takeovers} of them followed by a takeover, ${crashes} crashes, ${done} tasks done, ${repeats} repeats, ${unloadable} loads that failed under a mastership`,
    `${resigned} masterships were given up, and the store was lost ${losses} times, ${removals} stored tasks were cancelled, ${relayed} entries of the outbox became tasks`,
  ].join('\n');
}

const flags = parseFlags(process.argv.slice(2), availableParallelism());
if (typeof flags === 'string') {
  console.error(`${flags}\n\n${help}`);
  process.exitCode = 2;
} else if (flags.help) console.log(help);
else {
  const held = flags.seed === undefined ? await many(flags) : await one(flags.seed, flags);
  process.exitCode = held ? 0 : 1;
}
