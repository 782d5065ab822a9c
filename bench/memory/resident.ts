/** How much memory this process holds. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { median } from '../support/spread.js';
import type { Resident } from './messages.js';

export function resident(): Resident {
  const rss = process.memoryUsage.rss();
  return { rss, own: anonymous() ?? rss };
}

/** The median, so what a collection of garbage has just left or is about to take does not count. */
export function middleOf(samples: readonly Resident[]): Resident {
  return { rss: median(samples.map(({ rss }) => rss)), own: median(samples.map(({ own }) => own)) };
}

/** Over some time in which the process does what it does. */
export async function settledResident(time: number, pause = 50): Promise<Resident> {
  const samples: Resident[] = [];
  const until = performance.now() + time;
  while (performance.now() < until) {
    samples.push(resident());
    await sleep(pause);
  }
  return middleOf(samples);
}

/** Linux alone says it. */
function anonymous(): number | undefined {
  if (process.platform !== 'linux') return undefined;
  const kib = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return kib === undefined ? undefined : Number(kib) * 1024;
}
