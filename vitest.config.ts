/**
 * The suites, each with what it may take; `npm test` runs them one after another, and one without a test fails.
 * Only `.ci/run` runs those after `package`, which take minutes.
 * The tests of threads, processes, operations and the package run what is built in dist/, so `npm run build` comes first.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configDefaults, defineConfig } from 'vitest/config';

const names = [
  ...(['unit', 'contract', 'threads', 'processes', 'operations', 'package'] as const),
  ...(['network', 'replicaSet', 'types', 'jest', 'programs', 'observe', 'page', 'frameworks'] as const),
] as const;
/**
 * How many files run at once in the suites that wait most of the time. `processes` takes fewer: each member there is a
 * process, and its leases and heartbeats are a matter of time. In the suites that are not named files would measure each other.
 */
const filesAtOnce: Partial<Record<(typeof names)[number], number>> = {
  ...{ contract: 4, threads: 4, operations: 4, package: 4, frameworks: 4 },
  processes: 3,
};
/** Every command and sample is a process that has to start. On MongoDB only `.ci/run` runs them, because each store takes a minute. */
const operated = process.env.MONGO_FAILOVER_STORE ?? 'embedded';
/** How many times as long as usual all may take: for a run that gets what others leave of the cores. */
const patience = Number(process.env.MONGO_FAILOVER_PATIENCE ?? 1);
/** Starts the server of a suite. */
const server = 'test/support/globalSetup.ts';

function suite(
  name: (typeof names)[number],
  usualTimeout: number,
  more: { setup?: string; folders?: string[]; env?: Record<string, string> } = {},
) {
  const timeout = usualTimeout * patience;
  return {
    test: {
      name,
      include: [name, ...(more.folders ?? [])].map((folder) => `test/${folder}/**/*.test.ts`),
      exclude: [...configDefaults.exclude, 'dist/**'],
      // What ships is run as it is, on the main thread too, and not as vitest would transform it.
      server: { deps: { external: [/\/dist\//] } },
      testTimeout: timeout,
      hookTimeout: timeout,
      // A state that is waited for may take long on a busy machine, and what fails is named before the test is ended.
      expect: { poll: { timeout: timeout / 3 } },
      // Where `nodb: true` keeps its store, instead of the home of the user who runs the tests.
      env: { XDG_STATE_HOME: join(tmpdir(), 'mongo-failover-test-state'), ...more.env },
      // A plain `vitest run` keeps the order too. That of the package is one file, which runs beside those of operations.
      sequence: { groupOrder: names.indexOf(name === 'package' ? 'operations' : name) },
      ...(name === 'unit' ? {} : { maxWorkers: filesAtOnce[name] ?? 1 }),
      ...(more.setup === undefined ? {} : { globalSetup: [more.setup] }),
    },
  };
}

export default defineConfig({
  test: {
    projects: [
      suite('unit', 60_000, { folders: ['simulation'] }),
      suite('contract', 60_000, { setup: server }),
      suite('threads', 60_000, { setup: server }),
      suite('processes', 120_000, { setup: server }),
      suite('operations', 120_000, { setup: server, folders: ['samples'], env: { MONGO_FAILOVER_STORE: operated } }),
      suite('package', 120_000),
      suite('network', 60_000, { setup: server }),
      suite('replicaSet', 60_000, { setup: server }),
      suite('types', 300_000),
      suite('jest', 300_000),
      suite('programs', 300_000, { setup: 'test/programs/install.ts' }),
      suite('observe', 120_000),
      suite('page', 120_000),
      suite('frameworks', 120_000, { setup: 'test/frameworks/install.ts' }),
    ],
  },
});
