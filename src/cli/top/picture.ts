/** The screen of `top` as text, for a terminal of any size. */
import { stripVTControlCharacters } from 'node:util';
import { DEAD_COUNTED_MAX, type SubsystemView } from '../../operations/views.js';
import type { Colors } from '../output.js';
import { changeText } from '../text/changes.js';
import { columns } from '../text/columns.js';
import { paint, queuedText, whereText } from '../text/subsystem.js';
import { clean, showAge, showCount, some } from '../text/words.js';
import type { TopModel } from './model.js';

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

interface Column {
  readonly head: string;
  /** Columns of a higher number go first where there is too little room. */
  readonly rank: number;
  text(view: SubsystemView, model: TopModel, colors: Colors): string;
}

const table: readonly Column[] = [
  { head: 'NAME', rank: 0, text: ({ name }) => clean(name) },
  { head: 'KIND', rank: 6, text: ({ kind }) => kind ?? '-' },
  { head: 'STATE', rank: 0, text: (view, _, colors) => stateText(view, colors) },
  { head: 'MASTER', rank: 2, text: ({ master }) => (master === null ? '-' : whereText(master)) },
  { head: '>TERM', rank: 3, text: ({ term }) => String(term) },
  { head: '>BEAT', rank: 4, text: ({ age }) => showAge(age) },
  { head: '>QUEUED', rank: 0, text: (view) => queuedText(view) },
  { head: '>RATE/S', rank: 1, text: ({ name }, model) => rateText(model.rate(name)) },
  { head: '>HEAD', rank: 1, text: ({ queue }) => showAge(queue?.headAge ?? null) },
  { head: '>DEAD', rank: 1, text: ({ dead }, _, colors) => deadText(dead, colors) },
  { head: '>MEMBERS', rank: 5, text: ({ members }) => String(members) },
];

function stateText(view: SubsystemView, colors: Colors): string {
  if (view.pause === null) return paint(colors, view);
  return `${paint(colors, view)} ${colors.yellow('paused')}`;
}

function rateText(rate: number | null): string {
  if (rate === null) return '-';
  return rate >= 100 ? String(Math.round(rate)) : rate.toFixed(1);
}

function deadText(dead: number, colors: Colors): string {
  return dead === 0 ? '-' : colors.yellow(showCount(dead, DEAD_COUNTED_MAX));
}

/** Lines beside the table and the changes: the title, blank ones, and the keys. */
const FRAME = 5;
/** The changes get a third of the screen at most. */
const CHANGES_SHARE = 3;
const NAME_MIN = 8;

/** Returns at most `rows - 2` lines, as more would scroll, and none that is longer than the terminal is wide. */
export function picture(model: TopModel, label: string, size: Size, colors: Colors): string {
  const room = Math.max(1, size.rows - FRAME - 2);
  const changes = model.changes.slice(-Math.min(Math.floor(room / CHANGES_SHARE), model.changes.length));
  // The head of the table is a line, too.
  const shown = model.sorted.slice(0, Math.max(1, room - changes.length - 1));
  const hidden = model.views.length - shown.length;
  const lines = [
    ...[titleOf(model, label, colors), ''],
    ...tableOf(shown, model, size.columns, colors),
    ...(hidden > 0 ? [colors.dim(`and ${hidden} more`)] : []),
    '',
    ...changes.map(({ at, change }) => `${colors.dim(at.toISOString().slice(11, 19))}  ${changeText(change)}`),
    footOf(model, colors),
  ];
  return lines
    .slice(0, Math.max(1, size.rows - 2))
    .map((line) => cut(line, size.columns))
    .join('\n');
}

function titleOf({ views, at, trouble }: TopModel, label: string, colors: Colors): string {
  const masters = views.filter(({ state }) => state === 'held').length;
  const time = at === null ? '' : `  ${at.toISOString().slice(11, 19)} UTC`;
  const text = `${colors.bold('mongo-failover')}  ${clean(label)}  ${some(views.length, 'subsystem')}, ${masters} held${time}`;
  return trouble === null ? text : `${text}  ${colors.red(clean(trouble))}`;
}

function footOf({ order, isPaused }: TopModel, colors: Colors): string {
  return colors.dim(`q quit   p ${isPaused ? 'go on' : 'pause'}   s sort: ${order}`);
}

function tableOf(views: readonly SubsystemView[], model: TopModel, width: number, colors: Colors): string[] {
  if (views.length === 0) return [colors.dim(model.at === null ? 'looking…' : 'no subsystems yet')];
  const text = (chosen: readonly Column[], nameWidth?: number): string[] =>
    columns(
      chosen.map(({ head }) => head),
      views.map((view) => chosen.map((column) => column.text(view, model, colors))),
      nameWidth === undefined ? [] : [nameWidth],
    ).split('\n');
  for (let rank = Math.max(...table.map((column) => column.rank)); ; rank -= 1) {
    const chosen = table.filter((column) => column.rank <= rank);
    const lines = text(chosen);
    const excess = Math.max(...lines.map(widthOf)) - width;
    if (excess <= 0) return lines;
    const nameWidth = Math.max(4, ...views.map(({ name }) => clean(name).length)) - excess;
    if (nameWidth >= NAME_MIN || rank === 0) return text(chosen, Math.max(NAME_MIN, nameWidth));
  }
}

function widthOf(line: string): number {
  return stripVTControlCharacters(line).length;
}

/** Cuts a line, without its colours if it is too long. */
function cut(line: string, width: number): string {
  if (widthOf(line) <= width) return line;
  return `${stripVTControlCharacters(line).slice(0, Math.max(0, width - 1))}…`;
}
