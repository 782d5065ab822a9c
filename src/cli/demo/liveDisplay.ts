/** The live picture on a terminal: members, progress and the last events, drawn over itself a few times a second. */
import Table from 'cli-table3';
import { createLogUpdate } from 'log-update';
import pc from 'picocolors';
import type { Display, Tone } from './display.js';
import type { MemberView, View } from './view.js';

/** Least time between two pictures, in ms. */
const REDRAW = 100;
/** Lines of the picture beside the members and the time line. */
const FRAME = 9;

const tones: Readonly<Record<Tone, (text: string) => string>> = {
  plain: (text) => text,
  loud: (text) => pc.bold(pc.yellow(text)),
  good: pc.green,
  bad: (text) => pc.bold(pc.red(text)),
};

export function createLiveDisplay(stream: NodeJS.WriteStream): Display {
  const draw = createLogUpdate(stream);
  const events: string[] = [];
  let view: View | undefined;
  let drawnAt = 0;

  const redraw = (): void => {
    if (view === undefined) return;
    drawnAt = performance.now();
    const room = Math.max(3, (stream.rows ?? 24) - view.members.length - FRAME);
    draw(picture(view, events.slice(-room), stream.columns ?? 80));
  };
  return {
    event(elapsed, text, tone = 'plain') {
      const line = `${pc.dim(`${(elapsed / 1000).toFixed(1).padStart(6)} s`)}  ${tones[tone](text)}`;
      events.push(line);
      // Before there is a picture the lines simply follow each other.
      if (view === undefined) stream.write(`${line}\n`);
      else redraw();
    },
    foreign: (text) => draw.persist(text),
    update(next) {
      view = next;
      if (performance.now() >= drawnAt + REDRAW) redraw();
    },
    end() {
      if (view !== undefined) draw(picture(view, events, stream.columns ?? 80));
      draw.done();
    },
  };
}

function picture(view: View, events: readonly string[], columns: number): string {
  const table = new Table({
    head: ['member', 'pid', 'state', 'term', 'tasks done', 'heartbeats late: p99', 'most'],
    colAligns: ['right', 'right', 'left', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  });
  for (const member of view.members) table.push(row(member));
  return [table.toString(), '', bar(view, columns), '', ...events].join('\n');
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

function bar({ done, total, rate, elapsed }: View, columns: number): string {
  const share = total === 0 ? 0 : done / total;
  const text = ` ${Math.floor(share * 100)} %  ${done} of ${total} files  ${Math.round(rate)}/s  ${(elapsed / 1000).toFixed(0)} s`;
  const width = Math.max(10, Math.min(50, columns - text.length - 1));
  const full = Math.round(share * width);
  return pc.green('█'.repeat(full)) + pc.dim('░'.repeat(width - full)) + text;
}
