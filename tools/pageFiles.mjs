/**
 * Puts the files of the live page into dist/: its modules as one, and without what only readers need. The folder
 * src/page/static works as it is, too.
 *
 * Usage: npm run build:page
 */
import { copyFile } from 'node:fs/promises';
import { build } from 'esbuild';

const [from, to] = ['src/page/static', 'dist/src/page/static'];
await build({
  entryPoints: ['page.js', 'page.css'].map((file) => `${from}/${file}`),
  outdir: to,
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'esnext',
  charset: 'utf8',
  logLevel: 'warning',
});
await copyFile(`${from}/index.html`, `${to}/index.html`);
