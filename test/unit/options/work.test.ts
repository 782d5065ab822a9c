import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { InvalidOptionError, WorkError } from '../../../src/errors.ts';
import { resolveWork } from '../../../src/options/work.ts';

const folder = mkdtempSync(join(tmpdir(), 'resolve-work-'));
const path = join(folder, 'my work #1.js');
writeFileSync(path, '');
mkdirSync(join(folder, 'folder.js'));
afterAll(() => rmSync(folder, { recursive: true }));

const { href } = pathToFileURL(path);

describe('resolveWork', () => {
  it('takes a module by URL or by path', () => {
    for (const work of [new URL(href), href, path, 'my work #1.js', './folder.js/../my work #1.js']) {
      expect(resolveWork(work, folder)).toEqual({ kind: 'module', href });
    }
    expect(resolveWork(`${href}?v=2`, folder)).toEqual({ kind: 'module', href: `${href}?v=2` });
    const data = 'data:text/javascript,export default () => true';
    expect(resolveWork(data)).toEqual({ kind: 'module', href: new URL(data).href });
  });

  it('takes a function', () => {
    const work = () => true;
    expect(resolveWork(work)).toEqual({ kind: 'main', work });
  });

  it.each([
    ['work.js', 'work.ts'],
    ['work.js', 'work.tsx'],
    ['work.mjs', 'work.mts'],
    ['work.cjs', 'work.cts'],
    ['a b #1.js', 'a b #1.ts'],
  ])('takes %s for %s where only the source is there', (name, source) => {
    const project = mkdtempSync(join(folder, 'project-'));
    writeFileSync(join(project, source), '');
    const expected = pathToFileURL(join(project, source)).href;
    expect(resolveWork(name, project)).toEqual({ kind: 'module', href: expected });
    const asUrl = `${pathToFileURL(join(project, name)).href}?v=2`;
    expect(resolveWork(asUrl, project)).toEqual({ kind: 'module', href: `${expected}?v=2` });
    writeFileSync(join(project, name), '');
    expect(resolveWork(name, project)).toEqual({ kind: 'module', href: pathToFileURL(join(project, name)).href });
  });

  it.each([
    ['work.js', 'work.mts'],
    ['work.mjs', 'work.ts'],
    ['work.ts', 'work.js'],
    ['work', 'work.ts'],
  ])('does not take %s for %s', (name, other) => {
    const project = mkdtempSync(join(folder, 'project-'));
    writeFileSync(join(project, other), '');
    expect(() => resolveWork(name, project)).toThrow(`${name} does not exist`);
  });

  it('refuses a module that is not there, and names it', () => {
    for (const [work, problem] of [
      ['none.js', 'none.js does not exist'],
      ['my work #1.js/none.js', /cannot be found|does not exist/],
      ['folder.js', 'folder.js is not a file'],
      ['file://host/none.js', /cannot be found|does not exist/],
      ['nul\0.js', 'cannot be found'],
    ] as const) {
      expect(() => resolveWork(work, folder)).toThrow(WorkError);
      expect(() => resolveWork(work, folder)).toThrow(expect.objectContaining({ code: 'ERR_WORK_MODULE' }));
      expect(() => resolveWork(work, folder)).toThrow(problem);
    }
  });

  it('refuses everything else', () => {
    for (const work of [undefined, null, '', 5, {}, Promise.resolve(), 'http://host/work.js', 'node:fs', 'http:']) {
      expect(() => resolveWork(work, folder)).toThrow(InvalidOptionError);
    }
    expect(() => resolveWork(new URL('http://host/w.js'))).toThrow(
      'the work must be a function, a path, or a URL with file: or data:, not "http://host/w.js"',
    );
  });
});
