/** Reads the files that a run has left. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Look, ManyRecords, Span, TaskLine } from './judge.ts';

type Line = Record<string, unknown> & { readonly what: string; readonly at: number };

const ms = (nanoseconds: unknown): number => Number(nanoseconds) / 1e6;

/** A last line that was torn off by a kill is left out. */
async function linesOf(file: string): Promise<Line[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => {
    try {
      const parsed = JSON.parse(line);
      return [{ ...parsed, at: ms(parsed.at) }];
    } catch {
      return [];
    }
  });
}

export async function readRecords(
  folder: string,
  { names, bound }: Pick<ManyRecords, 'names' | 'bound'>,
): Promise<ManyRecords> {
  const events = await linesOf(join(folder, 'events'));
  const looks: Look[] = [];
  for (const file of await readdir(folder)) {
    const [, member] = /^history-(.+)$/.exec(file) ?? [];
    if (member === undefined) continue;
    for (const line of await linesOf(join(folder, file))) {
      if (line.what === 'held') looks.push(...looksIn(line, member, names));
    }
  }
  return {
    ...{ names, bound, looks },
    tasks: (await linesOf(join(folder, 'ledger'))) as unknown as TaskLine[],
    stored: events.filter(({ what }) => what === 'stored').map(({ name, id }) => `${name} ${id}`),
    died: events.filter(({ what }) => what === 'died').map(({ member, how }) => `${member}: ${how}`),
    stops: spansOf(events, 'suspended', 'resumed'),
    slow: [...spansOf(events, 'slow', 'fast').values()].flat(),
    late: events.filter(({ what }) => what === 'late').map((line) => ({ at: line.at, ms: Number(line.ms) })),
    ready: events.find(({ what }) => what === 'ready')?.at ?? 0,
    over: events.find(({ what }) => what === 'over')?.at ?? 0,
  };
}

function looksIn({ at, seen, held }: Line, member: string, names: readonly string[]): Look[] {
  const all = held as readonly (readonly [number, number, number])[];
  return all.map(([index, term, left]) => ({ name: names[index] ?? '', member, term, left, at, seen: ms(seen) }));
}

/** By the member. */
function spansOf(events: readonly Line[], from: string, to: string): Map<string, Span[]> {
  const spans = new Map<string, Span[]>();
  for (const { what, at, member } of events) {
    const own = spans.get(String(member)) ?? [];
    spans.set(String(member), own);
    if (what === from) own.push({ from: at, to: Number.POSITIVE_INFINITY });
    const last = own.at(-1);
    if (what === to && last !== undefined) own.splice(-1, 1, { from: last.from, to: at });
  }
  return spans;
}
