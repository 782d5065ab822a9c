/**
 * What npm would publish, used as a stranger does: packed, installed in an empty project, and run there. The build in
 * dist/ is what is packed, so it has to be there.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import ownPackage from '../../package.json' with { type: 'json' };
import { blocksOf, headingsOf, linksOf } from '../support/markdown.ts';

const root = join(import.meta.dirname, '..', '..');
/** `npm test` hands its own settings on to the npm that is started here, whose project is another. */
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));

/** Those of the package beside its main one. */
const entries = [
  'frameworks/nestjs',
  'frameworks/nodeCron',
  'observe/openTelemetry',
  'observe/promClient',
  'page/page',
];

let folder: string;
let tarball: string;
let project: string;

beforeAll(async () => {
  if (!existsSync(join(root, 'dist/src/index.js'))) throw new Error('Nothing is built; `npm run build` first.');
  folder = await mkdtemp(join(tmpdir(), 'mongo-failover-package-'));
  await run('npm', ['pack', '--pack-destination', folder], root);
  tarball = join(folder, `${ownPackage.name}-${ownPackage.version}.tgz`);
  project = join(folder, 'project');
  await cp(join(import.meta.dirname, 'consumer'), project, { recursive: true });
  await writeFile(join(project, 'package.json'), JSON.stringify({ name: 'consumer', private: true }));
  const types = `@types/node@${ownPackage.devDependencies['@types/node']}`;
  const clients = (['prom-client', '@opentelemetry/api'] as const).map(
    (name) => `${name}@${ownPackage.devDependencies[name]}`,
  );
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', tarball, types, ...clients], project);
});

afterAll(async () => {
  if (folder) await rm(folder, { recursive: true, force: true });
});

test('an ES module imports it, is elected and does a task', async () => {
  expect(await run('node', ['run.mjs', join(folder, 'store')], project)).toBe('done 1\n');
});

test('CommonJS requires it, and has the instance that an ES module has', async () => {
  const printed = await run('node', ['required.cjs'], project);
  expect(printed).toMatch(/^function function same /);
  expect(printed.split(/\s/)).toEqual(expect.arrayContaining(['failover', 'FailoverError', 'StoreError']));
});

test.each(['prom-client', 'opentelemetry'])('its entry %s is there for `import` and for `require`', async (entry) => {
  const name = `${ownPackage.name}/${entry}`;
  const imported = `import { register } from '${name}'; console.log(typeof register);`;
  expect(await run('node', ['--input-type=module', '--eval', imported], project)).toBe('function\n');
  expect(await run('node', ['--eval', `console.log(typeof require('${name}').register)`], project)).toBe('function\n');
});

test.each(['import', 'require'])('its entry page serves its files and reads the store, by `%s`', async (way) => {
  const store = JSON.stringify({ nodb: { path: join(folder, `page by ${way}`) } });
  const program = `
    const service = failover(${store});
    await new service.unmanaged('seen').run();
    const ui = page(service);
    const ask = (path) => ui.fetch(new Request('http://localhost' + path), { remoteAddress: '127.0.0.1' });
    const found = [await ask('/'), await ask('/page.js')];
    const [html, script] = await Promise.all(found.map((response) => response.text()));
    let names = [];
    while (names.length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      names = (await (await ask('/api/overview')).json()).subsystems.map(({ name }) => name);
    }
    console.log(html.slice(0, 15), script.length > 1000, names.join());
    await service.close();`;
  const names = [`{ failover } = require('${ownPackage.name}')`, `{ page } = require('${ownPackage.name}/page')`];
  const [args, code] =
    way === 'require'
      ? [['--eval'], `(async () => { const ${names.join(', ')};${program} })()`]
      : [
          ['--input-type=module', '--eval'],
          `import { failover } from '${ownPackage.name}'; import { page } from '${ownPackage.name}/page';${program}`,
        ];
  expect(await run('node', [...args, code], project)).toBe('<!doctype html> true seen\n');
});

test('the program of its README runs beside the work module that is shown, and ends at a signal', async () => {
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  const shown = new Map(
    blocksOf(readme, 'js').map((code) => [/^\/\/ (\w+\.mjs)/.exec(code)?.[1] ?? 'unnamed', code] as const),
  );
  expect([...shown.keys()]).toEqual(['main.mjs', 'work.mjs']);
  expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(150);
  expect(shown.get('main.mjs')?.trimEnd().split('\n').length).toBeLessThanOrEqual(25);
  const pasted = join(project, 'pasted');
  await mkdir(pasted);
  for (const [name, code] of shown) await writeFile(join(pasted, name), code);
  const child = spawn('node', ['main.mjs'], { cwd: pasted, env: { ...env, XDG_STATE_HOME: join(folder, 'state') } });
  onTestFinished(() => void child.kill('SIGKILL'));
  let printed = '';
  child.stderr.on('data', (data) => (printed += data));
  child.stdout.on('data', (data) => {
    printed += data;
    if (/^done 3$/m.test(printed)) child.kill('SIGTERM');
  });
  const [code] = await once(child, 'exit');
  expect({ code, printed }).toMatchObject({ code: 0 });
  const told = ['ticking -> master', 'task 1: 10, under term 1', 'done 1', 'done 2', 'done 3', 'master -> stopped'];
  expect(printed.split('\n')).toEqual(expect.arrayContaining(told));
});

test('every call around stored tasks works for an ES module, in CommonJS and by the commands', async () => {
  await compiled();
  const store = join(folder, 'calls');
  expect(JSON.parse(await run('node', ['built/everyCall.mjs', store], project))).toEqual({
    ...{
      result: 'hello you',
      error: 'PermanentError: nobody is there, permanent true',
      outcome: ['failed', 1, 'PermanentError'],
    },
    ...{ requeued: { requeued: 1, duplicates: 0, full: false }, postponed: [{ row: 17 }, 1] },
    ...{
      many: { stored: 2, duplicates: 0 },
      each: ['ERR_CANCELLED', 'hello one'],
      late: 'ERR_TIMEOUT',
      removed: 'removed',
      updated: 'updated',
    },
    ...{
      stopped: ['removed', 'ERR_CANCELLED'],
      changed: [false, 'hello one'],
      at: [true, true],
      unique: [true, false],
    },
    ...{
      refused: 'ERR_INVALID_OPTION',
      triggered: true,
      slots: { stored: 2, duplicates: 0 },
      cron: true,
      second: true,
    },
    previewed: ['2026-03-28T01:30:00.000Z', '2026-03-29T01:00:00.000Z'],
    events: ['deadletter 2: nobody is there', 'deadletter 2: nobody is there', 'cancelled 5', 'cancelled 4'],
    told: { id: 'nightly', slot: '2026-05-02T00:00:00.000Z', late: true, missed: false, backfilled: true },
    kept: ['ERR_SCHEDULE_DECLARED', null],
    schedules: [
      ['each-second', 'once', null],
      ['nightly', 'skip', 'the archive is moved'],
    ],
  });

  // No member is there, so the request waits for a master.
  await command(['submit', 'calls', '{"id":20,"does":"wait"}']);
  await expect(command(['cancel', 'calls', '20', '--running', '--wait', '0s'])).rejects.toMatchObject({
    cause: { code: 75 },
  });
  const member = spawn('node', ['built/everyCall.cjs', store], { cwd: project, env });
  onTestFinished(() => void member.kill('SIGKILL'));
  member.stderr.on('data', (data) => process.stderr.write(data));
  const lines = createInterface(member.stdout)[Symbol.asyncIterator]();
  expect((await lines.next()).value).toBe('ready');
  const once = ['submit', 'calls', '{"id":15,"does":"greet","whom":"once"}', '--unique-for', '1h'];
  const told = await Promise.all(
    [
      ['outcome', 'calls', '1'],
      ['cancel', 'calls', '12'],
      ['update', 'calls', '13', '{"id":13,"does":"greet","whom":"another"}'],
      ['submit', 'calls', '{"id":14,"does":"greet","whom":"later"}', '--at', 'in 1s'],
      once,
      ['requeue', 'calls', '--all', '--yes'],
      ['schedule', 'trigger', 'calls', 'nightly'],
      ['schedule', 'backfill', 'calls', 'nightly', '--from', '2026-06-01T00:00Z', '--to', '2026-06-01T00:00Z'],
      ['schedule', 'pause', 'calls', 'nightly', '--reason', 'moved'],
      ['schedule', 'preview', '0 2 * * *', '--count', '1', '--from', '2026-05-01T00:00Z'],
    ].map(command),
  );
  expect(told).toMatchObject([
    { state: 'done', result: 'hello you' },
    [{ id: 12, outcome: 'removed' }],
    { id: 13, outcome: 'updated' },
    { stored: 1, duplicates: 0, at: expect.stringMatching(/^\d{4}-/) },
    { stored: 1, duplicates: 0 },
    [{ id: 2, result: 'queued' }],
    { stored: 1 },
    { stored: 1 },
    { id: 'nightly' },
    [{ slot: '2026-05-01T02:00:00.000Z' }],
  ]);
  expect(await command(['schedules', 'calls'])).toMatchObject([{}, { id: 'nightly', paused: { reason: 'moved' } }]);
  await command(['schedule', 'resume', 'calls', 'nightly']);
  member.stdin.end();
  expect(JSON.parse((await lines.next()).value)).toEqual({
    ...{ known: ['done', 'cancelled'], ends: ['removed', 'ERR_CANCELLED'] },
    ...{ greeted: ['ERR_CANCELLED', 'hello another'], told: ['hello later', 'hello once'] },
  });
  // It is done, and its id stays taken.
  expect(await command(once)).toMatchObject({ stored: 0, duplicates: 1 });

  async function command(args: readonly string[]): Promise<unknown> {
    const bin = join(project, 'node_modules/.bin/mongo-failover');
    return JSON.parse(await run(bin, [...args, '--json', '--quiet', '--store', store], project));
  }
});

test('where `require` loads no ES module, the CommonJS build is elected and does a task', async () => {
  expect(await run('node', ['refused.cjs', join(folder, 'refused')], project)).toBe('done 1\n');
});

test('its types hold in strict TypeScript, imported and required', async () => {
  await compiled();
});

test('its types hold in strict TypeScript for a bundler', async () => {
  const options = ['--lib', 'es2022', '--moduleResolution', 'bundler', '--module', 'preserve'];
  await run(tool('tsc'), ['-p', project, ...options], project);
});

test('every TypeScript block of its guides, and every example of its types, compiles by itself', async () => {
  const installed = join(project, 'node_modules', ownPackage.name);
  const guides = (await readdir(join(installed, 'docs/guide'))).map((page) => join(installed, 'docs/guide', page));
  const counts: number[] = [];
  const blocks = join(project, 'blocks');
  await mkdir(blocks);
  // The head of the package is in the source alone: rolled up, the types have no module of their own.
  const types = ['index', ...entries].map((entry) => join(installed, `dist/src/${entry}.d.ts`));
  for (const pages of [guides, [...types, join(root, 'src/index.ts')]]) {
    let count = 0;
    for (const page of pages) {
      for (const code of blocksOf((await readFile(page, 'utf8')).replace(/^\s*\* ?/gm, ''), 'ts')) {
        count += 1;
        await writeFile(join(blocks, `${basename(page)}-${count}.mts`), code);
      }
    }
    counts.push(count);
  }
  expect(counts[0]).toBeGreaterThanOrEqual(5);
  expect(counts[1]).toBeGreaterThanOrEqual(11);
  const settings = { extends: '../tsconfig.json', files: [], include: ['*.mts'] };
  await writeFile(join(blocks, 'tsconfig.json'), JSON.stringify(settings));
  await run(tool('tsc'), ['-p', blocks], project);
});

test('its types name Node.js alone, and what they name is exported', async () => {
  for (const file of ['index.d.ts', 'index.d.cts']) {
    const whole = await readFile(join(project, 'node_modules', ownPackage.name, 'dist/src', file), 'utf8');
    // Examples import the package itself.
    const text = whole.replace(/^\s*\/\*\*[\s\S]*?\*\/$/gm, '');
    const imported = Array.from(text.matchAll(/(?:from |import\(|path=|types=)['"]([^'"]+)/g), ([, name]) => name);
    expect(imported).toEqual(['node:events']);
    expect(text).not.toMatch(/^(?:interface|declare (?!class|function)|class)/m);
    expect(text).not.toMatch(/\bprivate\b|\bprotected\b|Comlink|Remote</);
  }
});

test('its command explains itself', async () => {
  expect(await run('npx', ['--no-install', 'mongo-failover', '--help'], project)).toMatch(/mongo-failover.*demo/s);
});

test('publint finds nothing', async () => {
  await run(tool('publint'), ['run', tarball, '--strict'], root);
});

test('every resolution of its types finds them', async () => {
  await run(tool('attw'), [tarball, '--profile', 'strict'], root);
});

test('it holds the library, its types and its papers, and nothing else', async () => {
  const files = await shipped();
  const papers = files.filter((file) => !file.startsWith('dist/'));
  const pages = papers.filter((file) => /^docs\/([a-z]+\/)?[A-Za-z-]+\.md$/.test(file));
  expect(pages).toContain('docs/explain/protocol.md');
  const others = papers.filter((file) => !pages.includes(file));
  const pictures = ['demo', 'growth', 'top'].map((name) => `images/${name}.svg`);
  const ofDocs = [...pictures, 'reference/alerts.yml', 'reference/dashboard.json'];
  const known = ['CHANGELOG.md', 'LICENSE', 'README.md', ...ofDocs.map((file) => `docs/${file}`), 'package.json'];
  expect(others.sort()).toEqual(known);
  const built = files.filter((file) => file.startsWith('dist/'));
  expect(
    built.filter(
      (file) =>
        !/^dist\/(commonjs|src|workers)\/.+\.(c?js|c?js\.map|d\.c?ts)$/.test(file) &&
        !/^dist\/src\/page\/static\/[\w.-]+\.(?:css|html|js|svg)$/.test(file) &&
        file !== 'dist/commonjs/package.json',
    ),
  ).toEqual([]);
  expect(built.filter((file) => /^dist\/(test|bench|samples)\/|\.test\./.test(file))).toEqual([]);
  const modules = built.filter((file) => /\.c?js$/.test(file));
  expect(modules).toEqual(
    expect.arrayContaining([
      ...['dist/src/index.js', 'dist/src/index.cjs', 'dist/commonjs/index.js'],
      ...['dist/workers/coordinator.cjs', 'dist/workers/task.cjs'],
    ]),
  );
  const types = ['index', ...entries].flatMap((entry) => [`dist/src/${entry}.d.cts`, `dist/src/${entry}.d.ts`]);
  expect(built.filter((file) => file.includes('.d.')).sort()).toEqual(types.sort());
});

/** A megabyte, which only the repository has. */
const isPictureOfThePage = (path: string): boolean =>
  path.startsWith('docs/images/page/') && existsSync(join(root, path));

test('every link of its papers leads to a file of the package, and to a heading of it', async () => {
  const installed = join(project, 'node_modules', ownPackage.name);
  const files = new Set(await shipped());
  const broken: string[] = [];
  let count = 0;
  for (const file of files) {
    if (!file.endsWith('.md')) continue;
    for (const link of linksOf(await readFile(join(installed, file), 'utf8'))) {
      if (/^[a-z]+:/i.test(link)) continue;
      count += 1;
      const [path = '', heading] = link.split('#');
      const target = path === '' ? file : join(dirname(file), path);
      const isThere = files.has(target) || isPictureOfThePage(target);
      const text = isThere && heading !== undefined ? await readFile(join(installed, target), 'utf8') : '';
      if (!isThere || (heading !== undefined && !headingsOf(text).has(heading))) broken.push(`${file}: ${link}`);
    }
  }
  expect(broken).toEqual([]);
  expect(count).toBeGreaterThan(20);
});

test('with the embedded store it does not load the MongoDB driver on the main thread', async () => {
  const script = `
    const { failover } = require('mongo-failover');
    const drivers = () => Object.keys(require.cache).filter((file) => /node_modules[\\\\/]mongodb[\\\\/]/.test(file)).length;
    failover({ nodb: true, mongodb: { connectString: 'mongodb://localhost' } });
    const without = drivers();
    failover({ mongodb: { connectString: 'mongodb://localhost' } });
    console.log(without, drivers() > 0);`;
  expect(await run('node', ['-e', script], project)).toBe('0 true\n');
});

test('it names no path of the machine that built it', async () => {
  const registry = new URL((await run('npm', ['config', 'get', 'registry'], root)).trim()).host;
  const ours = [`${root}/`, `${homedir()}/`, registry];
  for (const file of await shipped()) {
    const text = await readFile(join(project, 'node_modules', ownPackage.name, file), 'utf8');
    for (const mark of ours) expect(text.includes(mark), `${mark} in ${file}`).toBe(false);
  }
});

/** The files of the installed package, which are those of the tarball. */
async function shipped(): Promise<string[]> {
  const installed = join(project, 'node_modules', ownPackage.name);
  const entries = await readdir(installed, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(installed.length + 1))
    .filter((file) => !file.startsWith('node_modules/'));
}

let compilation: Promise<string> | undefined;

/** Compiles the consumer into `built`, once, as strictly as its settings say. */
function compiled(): Promise<string> {
  compilation ??= run(tool('tsc'), ['-p', project, '--noEmit', 'false', '--outDir', 'built'], project);
  return compilation;
}

/** A tool that this repository has installed. */
function tool(name: string): string {
  return join(root, 'node_modules', '.bin', name);
}

/** What the command prints; rejects with all that it said unless it succeeds. */
async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(command, args, { cwd, env, timeout: 110_000 });
    return stdout;
  } catch (error) {
    const { stdout = '', stderr = '' } = error instanceof Error ? Object(error) : {};
    throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`, { cause: error });
  }
}
