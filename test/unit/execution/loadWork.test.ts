/** Which loader a module goes to. With real modules it is tried in test/threads/workModules.test.ts. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Loaders, loadWork } from '../../../src/execution/loadWork.ts';
import { isCommonJs } from '../../../src/execution/moduleFormat.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

test('a data: URL is imported', async () => {
  const work = await loadWork('data:text/javascript,export default () => true');
  expect(work({}, {} as never)).toBe(true);
});

test('TypeScript is required where Node.js or a hook of require runs it, and imported elsewhere', async () => {
  const asked: string[] = [];
  const by = (typescript: boolean): Loaders => ({
    typescript,
    hooked: (extension) => extension === '.tsx',
    require: () => {
      asked.push('require');
      return () => true;
    },
    import: async () => {
      asked.push('import');
      return { default: () => true };
    },
  });
  for (const extension of ['ts', 'mts', 'cts', 'tsx']) {
    await loadWork(`file:///work.${extension}`, by(true));
    await loadWork(`file:///work.${extension}`, by(false));
  }
  expect(asked).toEqual([...Array(3).fill(['require', 'import']).flat(), 'require', 'require']);
});

test.each([
  ['work.cjs', '{}', 'export default 1', true],
  ['work.cts', '{}', '', true],
  ['work.mjs', '{"type":"commonjs"}', '', false],
  ['work.js', '{"type":"module"}', 'module.exports = 1', false],
  ['work.js', '{"type":"commonjs"}', 'export default 1', true],
  ['work.js', '{}', 'return 1', true],
  ['work.js', 'broken', 'export default 1', false],
])('%s with package.json %s and %j', async (name, json, text, expected) => {
  const folder = await temporaryFolder();
  writeFileSync(join(folder, 'package.json'), json);
  mkdirSync(join(folder, 'below'));
  const file = join(folder, 'below', name);
  writeFileSync(file, text);
  expect(isCommonJs(file)).toBe(expected);
});
