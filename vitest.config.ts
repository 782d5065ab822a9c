/** The suites, each with what it may take; `npm test` runs them one after another. */
import { defineConfig } from 'vitest/config';

const suite = (name: string, testTimeout: number) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout, hookTimeout: testTimeout },
});

export default defineConfig({
  test: {
    projects: [suite('unit', 10_000)],
  },
});
