/**
 * npm run simulate:spread -- [--seeds 5] [--from 1] [--leases 200] [--processes 20] [--seconds 300]
 *
 * Runs each seed's death, drain, join and churn. Exits with 1 when one does not hold, and with 2 when a flag is wrong.
 */
import { parseArgs } from 'node:util';
import { churn, deathOfOne, drainOfOne, join } from './runs.ts';

const text = { type: 'string' } as const;

function numbers(): Record<'seeds' | 'from' | 'leases' | 'processes' | 'seconds', number> {
  const options = { seeds: text, from: text, leases: text, processes: text, seconds: text };
  const { values } = parseArgs({ options });
  const whole = (name: keyof typeof options, fallback: number): number => {
    const value = Number(values[name] ?? fallback);
    if (!Number.isSafeInteger(value) || value < 1) throw new Error(`--${name} must be a whole number from 1 on`);
    return value;
  };
  return {
    ...{ seeds: whole('seeds', 5), from: whole('from', 1), leases: whole('leases', 200) },
    ...{ processes: whole('processes', 20), seconds: whole('seconds', 300) },
  };
}

async function main(): Promise<boolean> {
  const { seeds, from, leases, processes, seconds } = numbers();
  for (let seed = from; seed < from + seeds; seed += 1) {
    const size = { seed, leases, processes };
    const runs = { death: deathOfOne, drain: drainOfOne, join, churn: () => churn(size, seconds * 1000) };
    for (const [name, run] of Object.entries(runs)) {
      const start = performance.now();
      try {
        const what = await run(size);
        console.log(`seed ${seed}, ${name}: ${what} [${((performance.now() - start) / 1000).toFixed(1)} s]`);
      } catch (error) {
        console.log(`seed ${seed}, ${name}: ${error instanceof Error ? error.stack : String(error)}`);
        return false;
      }
    }
  }
  return true;
}

main().then(
  (held) => {
    process.exitCode = held ? 0 : 1;
  },
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 2;
  },
);
