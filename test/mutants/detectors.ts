/**
 * What a planted bug is shown to: the searches, simulations, properties and walks that are to find it, cheapest first. A
 * detector is a program of its own; that it fails is the catch, and on the unpatched source it must pass.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

export const detectorNames = [
  'search',
  'simulation',
  'properties',
  'walks',
  'named',
  'contract',
  'replicaSet',
  'units',
] as const;
export type DetectorName = (typeof detectorNames)[number];

export interface Detector {
  readonly name: DetectorName;
  readonly title: string;
  /** What `node` is to run for a bug in that file; null when the detector never runs that code. */
  command(file: string): readonly string[] | null;
  /** What has to be there, from the root of the package. */
  readonly needs: string;
  /** In ms, on a machine that does nothing else. */
  readonly timeLimit: number;
}

const VITEST = 'node_modules/vitest/vitest.mjs';
const elections = 'test/simulation/elections.test.ts';
const electionProperties = 'test/unit/election/protocol.properties.test.ts';
const queueWalks = [
  'test/unit/queue/durable/durableWalk.test.ts',
  'test/unit/queue/durable/durableOutcomes.test.ts',
  'test/unit/queue/dispatcherWalk.test.ts',
];

const vitest = (project: 'unit' | 'contract' | 'replicaSet', ...more: string[]): string[] => [
  ...[VITEST, 'run', '--project', project, '--bail', '1', ...more],
];

const isElection = (file: string): boolean => file.startsWith('src/election/') || file === 'src/options/leaseTimes.ts';
/** What the exhaustive search runs. */
const searched: readonly string[] = ['src/election/protocol.ts', 'src/options/leaseTimes.ts'];
/** What runs under virtual time; of the rest, the stores and the facade, the simulations have their own. */
const inPure = (file: string): boolean => isElection(file) || /^src\/(queue|coordinator|relay)\//.test(file);
/** What the random walks over the queues never come to: standbys. */
const forStandbys: readonly string[] = ['src/queue/memory/follower.ts', 'src/queue/memory/doneWindow.ts'];
const kindWalk = 'test/unit/coordinator/kindsWalk.test.ts';
const outcomeWaits = ['outcomeWaiters', 'laterWaiters'].map((file) => `test/unit/facade/${file}.test.ts`);
const kinds = 'test/unit/coordinator/kinds.test.ts';
/** Hand-overs that are asked for, and those that a master makes by itself. */
const orders = 'test/unit/coordinator/orders/';
/** Where no search, walk or simulation goes: the test that is there for the file. */
const namedTests: Readonly<Record<string, string | readonly string[]>> = {
  // The hints, the hand-overs, and the common times of heartbeats; and claims that were not sent.
  'src/election/protocol.ts': ['test/unit/election/protocol.h', 'test/unit/election/protocol.claim'],
  'src/election/elector.ts': 'test/unit/election/elector.test.ts',
  ...Object.fromEntries(
    ['timetable', 'settledSlots', 'declared', 'settling', 'masterRows'].map((file) => [
      `src/coordinator/schedules/${file}.ts`,
      'test/unit/coordinator/schedules/',
    ]),
  ),
  'src/schedules/planner.ts': 'test/unit/schedules/planner.test.ts',
  'src/schedules/clockWatch.ts': 'test/unit/coordinator/schedules/timetable.test.ts',
  'src/queue/durable/reign.ts': 'test/unit/queue/durable/durable',
  'src/queue/durable/changing.ts': 'test/unit/queue/durable/durableChanges.test.ts',
  'src/queue/durable/taskWindow.ts': 'test/unit/queue/durable/durableChanges.test.ts',
  'src/store/outcomeDocuments.ts': 'test/unit/queue/durable/durableOutcomes.test.ts',
  'src/facade/outcomes.ts': outcomeWaits,
  'src/facade/outcomeWaiters.ts': outcomeWaits,
  'src/execution/context.ts': 'test/unit/execution/answers.test.ts',
  'src/execution/answerPort.ts': 'test/unit/execution/answers.test.ts',
  'src/queue/durable/looks.ts': 'test/unit/queue/durable/looks.test.ts',
  'src/queue/durable/polling.ts': 'test/unit/queue/durable/durableQueue.test.ts',
  'src/relay/relay.ts': 'test/unit/relay/',
  'src/store/embedded/wakeups.ts': 'test/unit/store/embedded/wakeups.test.ts',
  'src/store/mongodb/wakeups/changes.ts': 'test/unit/store/mongodb/wakeups/changes.test.ts',
  'src/store/mongodb/wakeups/wakeUps.ts': 'test/unit/store/mongodb/wakeups/wakeUps.test.ts',
  'src/store/embedded/server.ts': 'test/unit/store/embedded/server.test.ts',
  'src/execution/threadPlaces.ts': 'test/unit/execution/threadPlaces.test.ts',
  'src/execution/threadRunner.ts': 'test/unit/execution/threadRunner.test.ts',
  'src/execution/poolStart.ts': 'test/unit/execution/threadRunner.',
  'src/observe/access.ts': 'test/unit/observe/routes.test.ts',
  'src/observe/families.ts': 'test/unit/observe/families.test.ts',
  'src/observe/spans.ts': 'test/unit/observe/spans.test.ts',
  'src/observe/health.ts': 'test/unit/observe/health.test.ts',
  ...Object.fromEntries(
    ['access', 'actions', 'options', 'measures', 'payloads', 'poll', 'routes', 'viewer'].map((name) => [
      `src/page/${name}.ts`,
      'test/unit/page/',
    ]),
  ),
  'src/time/realTime.ts': 'test/unit/wire/sharedLease.test.ts',
  'src/values/realms.ts': 'test/unit/values/realms.test.ts',
  'src/facade/signalHandlers.ts': 'test/unit/facade/signalHandlers.test.ts',
  'src/facade/insideWork.ts': 'test/unit/facade/insideWork.test.ts',
  'src/facade/admission.ts': 'test/unit/facade/admission.test.ts',
  'src/facade/manyTasks.ts': 'test/unit/facade/submitMany.properties.test.ts',
  'src/task/flatTask.ts': 'test/unit/task/flatTask.properties.test.ts',
  'src/task/taskCodec.ts': 'test/unit/task/',
  'src/options/configuration.ts': kinds,
  'src/coordinator/configurationWatch.ts': kinds,
  'src/coordinator/duties/memoryDuty.ts': 'test/unit/coordinator/duties/memoryDuty.test.ts',
  'src/coordinator/deadLetters.ts': 'test/unit/coordinator/deadLetters.test.ts',
  'src/wire/takenLetter.ts': 'test/unit/coordinator/deadLetters.test.ts',
  'src/coordinator/member.ts': [kinds, orders],
  'src/coordinator/deathWatch.ts': 'test/unit/coordinator/deathWatch.test.ts',
  'src/guard/afterDeath.ts': 'test/unit/guard/afterDeath.test.ts',
  'src/guard/processGroups.ts': 'test/unit/guard/afterDeath.test.ts',
  'src/guard/guard.ts': 'test/unit/guard/guard.test.ts',
  'src/guard/groupDeadlines.ts': 'test/unit/guard/groupDeadlines.test.ts',
  'src/coordinator/ownedGroups.ts': 'test/unit/coordinator/ownedGroups.test.ts',
  'src/exec/supervisor.ts': 'test/unit/exec/supervisor.test.ts',
  'src/coordinator/duties/durableDuty.ts': 'test/unit/coordinator/duties/durableDuty.test.ts',
  'src/coordinator/storeLimits.ts': 'test/unit/coordinator/storeLimits.test.ts',
  'src/coordinator/yielding.ts': kinds,
  'src/coordinator/together/togetherStore.ts': 'test/unit/coordinator/together/manyMembers.test.ts',
  ...Object.fromEntries(
    ['together', 'lane', 'callSize', 'apart'].map((name) => [
      `src/coordinator/together/${name}.ts`,
      'test/unit/coordinator/together/together.test.ts',
    ]),
  ),
  'src/time/grid.ts': 'test/unit/time/grid.test.ts',
  'src/time/sharedTimers.ts': 'test/unit/time/sharedTimers.test.ts',
  'src/election/suspensions.ts': 'test/unit/election/suspensions.test.ts',
  'src/coordinator/sentBeats.ts': 'test/unit/coordinator/sentBeats.test.ts',
  'src/coordinator/beatLead.ts': 'test/unit/coordinator/beatLead.test.ts',
  ...Object.fromEntries(
    ['ordersWatch', 'handingOver', 'turns', 'preference', 'giving', 'asking'].map((name) => [
      `src/coordinator/orders/${name}.ts`,
      orders,
    ]),
  ),
  ...Object.fromEntries(
    ['handOver', 'members', 'change'].map((name) => [`src/requests/${name}.ts`, 'test/unit/requests/']),
  ),
  ...Object.fromEntries(
    ['rank', 'living', 'neighbourhood', 'sharing', 'rebalancer'].map((name) => [
      `src/coordinator/spread/${name}.ts`,
      `test/unit/coordinator/spread/${name}.test.ts`,
    ]),
  ),
  'src/coordinator/spread/moveHistory.ts': orders,
  'src/surroundings/processIdentity.ts': 'test/unit/surroundings/processIdentity.test.ts',
  'src/surroundings/lastResorts.ts': 'test/unit/surroundings/lastResorts.test.ts',
  'src/surroundings/ownThreads.ts': 'test/unit/surroundings/ownThreads.test.ts',
  'src/queue/dispatcher.ts': 'test/unit/queue/dispatcher.',
  'src/values/rejections.ts': 'test/unit/values/rejections.test.ts',
  'src/surroundings/runtime.ts': 'test/unit/surroundings/runtime.test.ts',
  'src/store/embedded/place.ts': 'test/unit/store/embedded/place.test.ts',
  'src/surroundings/ownFiles.ts': 'test/unit/surroundings/ownFiles.test.ts',
  'src/options/work.ts': 'test/unit/options/work.test.ts',
  'src/execution/compilers.ts': 'test/unit/execution/compilers.test.ts',
  'src/execution/loadWork.ts': 'test/unit/execution/loadWork.test.ts',
  'src/store/documents.ts': 'test/unit/hostile/documents.test.ts',
};

export const detectors: readonly Detector[] = [
  {
    name: 'search',
    title: 'the exhaustive search of the election core (§1)',
    command: (file) => (searched.includes(file) ? ['dist/test/simulation/search/main.js', '--ci'] : null),
    needs: 'test/simulation/search/main.ts',
    timeLimit: 240_000,
  },
  {
    name: 'simulation',
    title: 'the simulation of the whole member (§2)',
    command: (file) =>
      inPure(file) ? ['dist/test/simulation/member/main.js', '--seeds', '1000', '--processes', '1'] : null,
    needs: 'test/simulation/member/main.ts',
    timeLimit: 60_000,
  },
  {
    name: 'properties',
    title: 'the properties (§3)',
    command: (file) => (isElection(file) ? vitest('unit', electionProperties) : vitest('unit', '.properties.test.ts')),
    needs: electionProperties,
    timeLimit: 60_000,
  },
  {
    name: 'walks',
    title: 'the simulation of elections alone, and the random walks among the unit tests',
    command: (file) =>
      isElection(file)
        ? vitest('unit', elections)
        : file.startsWith('src/queue/') && !forStandbys.includes(file)
          ? vitest('unit', ...queueWalks)
          : namedTests[file] === kinds
            ? vitest('unit', kindWalk)
            : null,
    needs: elections,
    timeLimit: 60_000,
  },
  {
    name: 'named',
    title: 'the tests that are there for the file, where no search goes',
    command: (file) => {
      const test = namedTests[file];
      return test === undefined ? null : vitest('unit', ...[test].flat());
    },
    needs: kinds,
    timeLimit: 60_000,
  },
  {
    name: 'contract',
    title: 'the contract of the stores',
    command: (file) =>
      file.startsWith('src/store/embedded/')
        ? vitest(
            'contract',
            'test/contract/embedded.test.ts',
            'test/contract/embeddedFiles.test.ts',
            'test/contract/embeddedHints.test.ts',
          )
        : file.startsWith('src/store/mongodb/')
          ? vitest('contract', 'test/contract/mongodb')
          : null,
    needs: 'test/contract/embedded.test.ts',
    timeLimit: 90_000,
  },
  {
    name: 'replicaSet',
    title: 'the MongoDB store on a replica set that moves',
    command: (file) =>
      file.startsWith('src/store/mongodb/')
        ? vitest('replicaSet', 'test/replicaSet/stale', 'test/replicaSet/moves')
        : null,
    needs: 'test/replicaSet/stalePrimary.test.ts',
    timeLimit: 120_000,
  },
  {
    name: 'units',
    title: 'the unit tests of the same folder, for information',
    command: (file) =>
      vitest('unit', unitsOf(file), ...['Walk', '.properties'].flatMap((end) => ['--exclude', `**/*${end}.test.ts`])),
    needs: 'test/unit',
    timeLimit: 60_000,
  },
];

/** The folder of unit tests that mirrors that of the file. */
function unitsOf(file: string): string {
  const folder = file.replace(/^src\//, '').replace(/[^/]*$/, '');
  return `test/unit/${folder}`;
}

/** The detectors of these names, whose programs must be there. */
export function chooseDetectors(names: readonly string[], root: string): Detector[] {
  const unknown = names.filter((name) => !detectorNames.some((known) => known === name));
  if (unknown.length > 0)
    throw new Error(`unknown detector: ${unknown.join(', ')}; there are ${detectorNames.join(', ')}`);
  const chosen = detectors.filter(({ name }) => names.includes(name));
  for (const { name, needs } of chosen) {
    if (!existsSync(join(root, needs))) throw new Error(`the detector '${name}' needs ${needs}, which is not there`);
  }
  return chosen;
}

const MEASURES: readonly [RegExp, (count: string) => string][] = [
  [/\bafter ([\d,.]+) states\b/i, (count) => `${count} states`],
  [/\bProperty failed after ([\d]+) tests?\b/i, (count) => (count === '1' ? '1 run' : `${count} runs`)],
  [/\bseed:? ([\d]+)\b/i, (count) => (count === '1' ? '1 seed' : `${count} seeds`)],
];

/** After how much work it failed, as far as it says so. */
export function measureIn(output: string): string | null {
  for (const [pattern, inWords] of MEASURES) {
    const count = pattern.exec(output)?.[1];
    if (count !== undefined) return inWords(count);
  }
  return null;
}
