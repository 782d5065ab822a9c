import { stripVTControlCharacters } from 'node:util';
import pc from 'picocolors';
import { describe, expect, test } from 'vitest';
import { TopModel } from '../../../../src/cli/top/model.ts';
import { picture } from '../../../../src/cli/top/picture.ts';
import type { SubsystemView } from '../../../../src/operations/views.ts';
import { view } from '../../operations/views.ts';

const at = new Date(1_700_000_000_000);

function model(views: readonly SubsystemView[]): TopModel {
  const made = new TopModel();
  made.see(views, [{ type: 'master', name: 'billing', term: 3, holder: 'here:1:abcd' }], at, 0);
  return made;
}

function many(count: number): SubsystemView[] {
  return Array.from({ length: count }, (_, index) =>
    view({ name: `subsystem-with-a-name-that-is-long-${String(index).padStart(3, '0')}` }),
  );
}

describe('the picture', () => {
  test.each([20, 40, 60, 80, 100, 140, 300])('fits into %d columns, and any number of rows', (columns) => {
    for (const rows of [6, 12, 24, 50]) {
      for (const colors of [pc.createColors(false), pc.createColors(true)]) {
        const shown = picture(model(many(30)), '/a/store/somewhere', { columns, rows }, colors);
        const lines = stripVTControlCharacters(shown).split('\n');
        expect(lines.length).toBeLessThanOrEqual(rows - 1);
        expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns);
      }
    }
  });

  test('has all columns where there is room, and the most important ones where there is not', () => {
    const heads = (columns: number) =>
      picture(model([view()]), 'store', { columns, rows: 24 }, pc.createColors(false))
        .split('\n')[2]
        ?.split(/\s+/);
    const all = ['NAME', 'KIND', 'STATE', 'MASTER', 'TERM', 'BEAT', 'QUEUED', 'RATE/S', 'HEAD', 'DEAD', 'MEMBERS'];
    expect(heads(140)).toEqual(all);
    expect(heads(45)).toEqual(['NAME', 'STATE', 'QUEUED', 'RATE/S', 'HEAD', 'DEAD']);
  });

  test('says what is hidden, what changed, and why nothing is new', () => {
    const made = model(many(30));
    made.trouble = 'the store is away';
    const shown = picture(made, 'store', { columns: 140, rows: 16 }, pc.createColors(false));
    expect(shown).toMatch(/and 2\d more/);
    expect(shown).toContain('billing: here:1:abcd is master of term 3');
    expect(shown).toContain('the store is away');
  });

  test('sends nothing to the terminal that a name holds', () => {
    const shown = picture(
      model([view({ name: 'a\u001b[31mb' })]),
      'store',
      { columns: 140, rows: 16 },
      pc.createColors(false),
    );
    expect(shown).not.toContain('\u001b');
    expect(shown).toContain('a\\u{1b}[31mb');
  });
});

describe('the model', () => {
  test('tells how fast tasks were done of late', () => {
    const made = new TopModel();
    const see = (done: number, now: number) =>
      made.see([view({ queue: { where: 'store', queued: 1, done, headAt: null, headAge: null } })], [], at, now);
    see(100, 0);
    expect(made.rate('billing')).toBeNull();
    see(120, 2000);
    expect(made.rate('billing')).toBe(10);
    see(120, 20_000);
    see(120, 22_000);
    expect(made.rate('billing')).toBe(0);
  });

  test('sorts by what was chosen', () => {
    const queue = (queued: number) =>
      ({ where: 'store', queued, done: 0, headAt: null, headAge: 100 - queued }) as const;
    const made = model([
      view({ name: 'a', queue: queue(1) }),
      view({ name: 'b', queue: queue(9) }),
      view({ name: 'c', queue: null }),
    ]);
    const names = () => made.sorted.map(({ name }) => name).join('');
    expect(names()).toBe('abc');
    made.nextOrder();
    expect([made.order, names()]).toEqual(['queued', 'bac']);
    made.nextOrder();
    made.nextOrder();
    expect([made.order, names()]).toEqual(['head', 'abc']);
    made.nextOrder();
    expect(made.order).toBe('name');
  });
});
