/** Plain lines for logs and pipes: one for each event, and one with the progress every two seconds. */
import type { Display } from './display.js';
import type { View } from './view.js';

const LINE_PERIOD_MS = 2000;

export function createPlainDisplay(stream: { write(text: string): unknown }): Display {
  let shownAt = 0;
  const line = (elapsed: number, text: string): void => {
    stream.write(`${(elapsed / 1000).toFixed(1).padStart(6)} s  ${text}\n`);
  };
  return {
    event: line,
    foreign: (text) => void stream.write(`${text}\n`),
    update(view) {
      if (view.elapsed < shownAt + LINE_PERIOD_MS) return;
      shownAt = view.elapsed;
      line(view.elapsed, progress(view));
    },
    end() {},
  };
}

function progress({ done, total, rate, members }: View): string {
  const share = total === 0 ? 0 : Math.floor((done / total) * 100);
  const states = members.map(({ number, state }) => `${number} ${state}`).join(', ');
  const late = members
    .filter(({ state }) => state.startsWith('master'))
    .map(({ lateness }) => (lateness === null ? '' : `; heartbeats late p99 ${lateness.p99.toFixed(2)} ms`))
    .join('');
  return `${share} %, ${done} of ${total}, ${Math.round(rate)} tasks/s; ${states}${late}`;
}
