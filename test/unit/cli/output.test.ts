import { expect, test } from 'vitest';
import { Output, wantsColors } from '../../../src/cli/output.ts';
import type { Settings } from '../../../src/cli/settings/settings.ts';

function recorded(settings: Partial<Settings>, isTTY = false) {
  const written = { stdout: '', stderr: '' };
  const to = (name: 'stdout' | 'stderr') => ({ isTTY, columns: 100, write: (text: string) => (written[name] += text) });
  const all = { output: 'text', quiet: false, color: undefined, time: 'iso', ...settings } as const;
  return { written, output: new Output(all, { stdout: to('stdout'), stderr: to('stderr'), variables: {} }) };
}

test.each([
  [undefined, {}, true, true],
  [undefined, {}, false, false],
  [undefined, { TERM: 'dumb' }, true, false],
  [undefined, { NO_COLOR: '1' }, true, false],
  [undefined, { NO_COLOR: '' }, true, true],
  [undefined, { FORCE_COLOR: '1' }, false, true],
  [undefined, { FORCE_COLOR: '0' }, true, false],
  [undefined, { FORCE_COLOR: '1', NO_COLOR: '1' }, true, false],
  [false, { FORCE_COLOR: '1' }, true, false],
] as const)('with color %j, %j and a terminal %j it colours: %j', (color, variables, isTerminal, wanted) => {
  expect(wantsColors(color, variables, isTerminal)).toBe(wanted);
});

test('writes what is told one by one as one document in JSON, also if it fails midway', async () => {
  const said = await Promise.all(
    (['text', 'json', 'jsonl'] as const).map(async (format) => {
      const { output, written } = recorded({ output: format });
      const each = output.items(async (item) => {
        item({ id: 1 }, () => 'one');
        item({ id: 2 }, () => 'two');
        throw new Error('the queue is full');
      });
      await expect(each).rejects.toThrow('the queue is full');
      return written.stdout;
    }),
  );
  expect(said[0]).toBe('one\ntwo\n');
  expect(JSON.parse(said[1] ?? '')).toEqual([{ id: 1 }, { id: 2 }]);
  expect(said[2]).toBe('{"id":1}\n{"id":2}\n');
});

test('writes results in the format that was asked for', () => {
  const item = { name: 'billing' };
  const all = (['text', 'json', 'jsonl'] as const).map((format) => {
    const { output, written } = recorded({ output: format });
    output.result(item, () => 'billing, as text');
    output.list([item, item], () => 'two');
    output.item(item, () => 'one');
    return written.stdout;
  });
  const line = '{"name":"billing"}\n';
  expect(all[0]).toBe('billing, as text\ntwo\none\n');
  expect(all[1]).toBe(`${JSON.stringify(item, null, 2)}\n${JSON.stringify([item, item], null, 2)}\n${line}`);
  expect(all[2]).toBe(line.repeat(4));
});

test('talks on stderr, and not if it is to be quiet', () => {
  const [loud, quiet] = [recorded({}), recorded({ quiet: true })];
  for (const { output } of [loud, quiet]) output.talk('waits');
  expect([loud.written, quiet.written]).toEqual([
    { stdout: '', stderr: 'waits\n' },
    { stdout: '', stderr: '' },
  ]);
});
