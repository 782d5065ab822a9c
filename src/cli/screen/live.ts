/** The live picture on a terminal: members, progress and the last events, drawn over itself a few times a second. */
import Table from 'cli-table3';
import { createLogUpdate } from 'log-update';
import pc from 'picocolors';
import type { Display, Tone } from './display.js';
import type { MemberView, View } from './view.js';

/** Least time between two pictures, in ms. */
const REDRAW_MS = 100;
/** Lines of the picture beside the members and the time line. */
const FRAME = 7;

const tones: Readonly<Record<Tone, (text: string) => string>> = {
  plain: (text) => text,
  loud: (text) => pc.bold(pc.yellow(text)),
  good: pc.green,
  bad: (text) => pc.bold(pc.red(text)),
};

interface Event {
  readonly elapsed: number;
  readonly text: string;
  readonly tone: Tone;
}

export function createLiveDisplay(stream: NodeJS.WriteStream): Display {
  const draw = createLogUpdate(stream);
  const events: Event[] = [];
  let view: View | undefined;
  let drawnAt = 0;

  const redraw = (): void => {
    drawnAt = performance.now();
    const { rows = 24, columns = 80 } = stream;
    const room = Math.max(3, rows - (view?.members.length ?? 0) - FRAME);
    const lines = events.slice(-room).map((event) => eventLine(event, columns - 1));
    draw(picture(view, lines, columns - 1));
  };
  return {
    event(elapsed, text, tone = 'plain') {
      events.push({ elapsed, text, tone });
      redraw();
    },
    foreign: (text) => draw.persist(text),
    update(next) {
      view = next;
      if (performance.now() >= drawnAt + REDRAW_MS) redraw();
    },
    end() {
      draw.clear();
      draw.done();
      // Not drawn but written: all of it, however long, and it scrolls away like any other output.
      const lines = events.map((event) => eventLine(event));
      stream.write(`${picture(view, lines, (stream.columns ?? 80) - 1)}\n`);
    },
  };
}

function picture(view: View | undefined, events: readonly string[], width: number): string {
  if (view === undefined) return events.join('\n');
  const table = new Table({
    head: ['member', 'pid', 'state', 'term', 'tasks done', 'beats late: p99', 'most'],
    colAligns: ['right', 'right', 'left', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  });
  for (const member of view.members) table.push(row(member));
  return [table.toString(), bar(view, width), ...events].join('\n');
}

/** Cut or filled up to `width`: each line covers what stood there before, and none wraps. */
function eventLine({ elapsed, text, tone }: Event, width?: number): string {
  const time = `${(elapsed / 1000).toFixed(1).padStart(6)} s  `;
  const room = width === undefined ? text.length : Math.max(1, width - time.length);
  const shown = text.length > room ? `${text.slice(0, room - 1)}…` : text.padEnd(room);
  return pc.dim(time) + tones[tone](shown);
}

function row({ number, pid, state, term, done, lateness }: MemberView): string[] {
  const late = lateness === null ? ['', ''] : [`${lateness.p99.toFixed(2)} ms`, `${lateness.max.toFixed(2)} ms`];
  return [String(number), String(pid), painted(state), term === null ? '' : String(term), String(done), ...late];
}

function painted(state: string): string {
  if (state.includes('blocked')) return pc.bold(pc.yellow(state));
  if (state === 'master') return pc.bold(pc.green(state));
  if (state === 'ticking') return pc.yellow(state);
  if (state === 'killed' || state === 'error') return pc.red(state);
  return state;
}

function bar({ done, total, rate, elapsed }: View, width: number): string {
  const share = total === 0 ? 0 : done / total;
  const seconds = (elapsed / 1000).toFixed(0);
  const text = `${Math.floor(share * 100)} %  ${done} of ${total} files  ${Math.round(rate)}/s  ${seconds} s`;
  const length = Math.max(10, Math.min(50, width - text.length - 1));
  const full = Math.round(share * length);
  return `${pc.green('█'.repeat(full))}${pc.dim('░'.repeat(length - full))} ${text.padEnd(width - length - 1)}`;
}
