/** Mistakes about the programs that use the package: another realm, and fake clocks. */
import type { PlantedBug } from '../plantedBug.ts';

const realms = 'src/values/realms.ts';
const named = ['named'] as const;

export const realmBugs: readonly PlantedBug[] = [
  {
    name: 'plain-objects-of-one-realm',
    breaks: 'Nested options that another realm made, as under Jest, are refused as instances of a class.',
    file: realms,
    find: "return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf');",
    replace: 'return false;',
    caughtBy: named,
  },
  {
    name: 'errors-of-one-realm',
    breaks: 'An error that another realm made loses its name, code and stack.',
    file: realms,
    find: 'types.isNativeError(value)',
    replace: '(types.isNativeError(value) && value instanceof Error)',
    caughtBy: named,
  },
  {
    name: 'foreign-dates-in-disguise',
    breaks: 'A task of another realm loses what a Proxy of a Date holds.',
    file: realms,
    find: 'if (name !== undefined && names.includes(name)) return name;',
    replace: 'if (name !== undefined && names.indexOf(name) > 0) return name;',
    caughtBy: named,
  },
  {
    name: 'fake-clock-ends-the-lease',
    breaks: 'A lease is over when a test of the user moves a fake clock.',
    file: 'src/time/realTime.ts',
    find: 'wall: Date.now,',
    replace: 'wall: () => Date.now(),',
    caughtBy: named,
  },
];
