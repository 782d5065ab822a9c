/** Rolls the types of each entry up into one file, for `import` and for `require`. */
import { writeFile } from 'node:fs/promises';
import generator from 'dts-bundle-generator';

const entries = ['index', 'observe/promClient', 'observe/openTelemetry', 'page/page'].map((name) => `dist/src/${name}`);
const output = { noBanner: true, exportReferencedTypes: false };
const bundles = generator.generateDtsBundle(
  entries.map((entry) => ({ filePath: `${entry}.d.ts`, output })),
  { preferredConfigPath: 'tsconfig.json' },
);
// All of them first: each is read from what the compiler wrote.
for (const [index, entry] of entries.entries()) {
  await writeFile(`${entry}.d.ts`, bundles[index]);
  await writeFile(`${entry}.d.cts`, bundles[index]);
}
