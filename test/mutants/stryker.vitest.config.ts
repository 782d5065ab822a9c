/**
 * The tests that StrykerJS runs for each of its mutants: the unit tests of what it mutates. Leaves out random walks and
 * properties, unless STRYKER_WALKS asks for them, because each of thousands of mutants is shown to them.
 */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    name: 'unit',
    include: [
      'test/unit/{election,queue}/**/*.test.ts',
      'test/unit/coordinator/member.test.ts',
      'test/unit/coordinator/duties/*.test.ts',
      ...(process.env.STRYKER_WALKS === undefined ? [] : ['test/simulation/elections.test.ts']),
    ],
    exclude: process.env.STRYKER_WALKS === undefined ? ['test/unit/**/*{Walk,.properties}.test.ts'] : [],
    env: { ELECTION_SEEDS: '100' },
    testTimeout: 10_000,
    hookTimeout: 10_000,
  },
});
