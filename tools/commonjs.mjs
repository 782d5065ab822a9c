/**
 * Writes `dist/commonjs`: what the main thread loads, as CommonJS, for a `require` that loads no ES module. The folder has
 * the files of `dist/src` under the same names: each finds the entries of the threads where the original does.
 */
import { rm, writeFile } from 'node:fs/promises';
import { build } from 'esbuild';

const from = 'dist/src';
const to = 'dist/commonjs';

const entries = [
  'index',
  'observe/promClient',
  'observe/openTelemetry',
  'page/page',
  'frameworks/nestjs',
  'frameworks/nodeCron',
];
const entryPoints = entries.map((name) => `${from}/${name}.js`);
const entry = { entryPoints, outdir: to, platform: 'node', packages: 'external', format: 'esm' };
const { metafile } = await build({ ...entry, bundle: true, write: false, metafile: true });
await rm(to, { recursive: true, force: true });
await build({
  entryPoints: Object.keys(metafile.inputs),
  outbase: from,
  outdir: to,
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  sourcemap: true,
  sourcesContent: false,
  // No name of any module.
  define: { 'import.meta.url': '__importMetaUrl' },
  banner: { js: "'use strict'; const __importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
  logOverride: { 'empty-import-meta': 'silent' },
});
await writeFile(`${to}/package.json`, '{ "type": "commonjs" }\n');
