/** The flags of main.ts. */
import { parseArgs } from 'node:util';
import { type FaultKind, faultKinds, type Overrides, type Plant, plants } from './setting.ts';

export interface Flags {
  readonly seeds: number;
  readonly from: number;
  readonly processes: number;
  readonly seed: number | undefined;
  readonly trace: boolean;
  readonly help: boolean;
  readonly overrides: Overrides;
}

export const help = `Simulates whole members, one world for each seed.
  --seeds N        how many seeds (1000)
  --from S         the first of them (1)
  --processes P    over how many processes (one for each core)
  --seed X         this seed alone
  --trace          with all that happens in it
  --elections      worlds without a queue, of elections alone
What a seed draws can be changed, for --seed:
  --members N      so many members
  --without A,B    without these faults: ${faultKinds.join(', ')}
  --fault-time T   faults for so many ms
  --plant P        with a planted bug: ${plants.join(', ')}`;

/** The flags, or what is wrong with them. */
export function parseFlags(args: readonly string[], cores: number): Flags | string {
  try {
    const text = { type: 'string' } as const;
    const flag = { type: 'boolean', default: false } as const;
    const options = {
      ...{ seeds: text, from: text, processes: text, seed: text, members: text, without: text, plant: text },
      ...{ 'fault-time': text, trace: flag, elections: flag, help: flag },
    };
    const { values } = parseArgs({ args: [...args], options });
    const { without, plant } = values;
    return {
      seeds: whole('seeds', values.seeds) ?? 1000,
      from: whole('from', values.from) ?? 1,
      processes: whole('processes', values.processes) ?? cores,
      seed: whole('seed', values.seed),
      trace: values.trace,
      help: values.help,
      overrides: {
        elections: values.elections,
        members: whole('members', values.members),
        faultTime: whole('fault-time', values['fault-time']),
        without: without?.split(',').map((kind) => oneOf('without', kind, faultKinds)) satisfies
          | FaultKind[]
          | undefined,
        plant: plant === undefined ? undefined : (oneOf('plant', plant, plants) satisfies Plant),
      },
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function whole(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^[1-9]\d{0,14}$/.test(value)) throw new Error(`--${name} must be a whole number from 1 on, not '${value}'`);
  return Number(value);
}

function oneOf<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw new Error(`--${name} must be of ${allowed.join(', ')}, not '${value}'`);
  return found;
}
