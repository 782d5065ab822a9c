/** How much of the machine other processes took while something was measured: what blurs a figure, in a figure. */
import { cpus } from 'node:os';

/** Starts counting. What it returns ends it: the share of all cores that was not this process's own, 0 to 1. */
export function watchOthers(): () => number {
  const from = read();
  return () => {
    const to = read();
    const total = to.busy + to.idle - from.busy - from.idle;
    const others = to.busy - from.busy - (to.own - from.own);
    return total <= 0 ? 0 : Math.min(1, Math.max(0, others / total));
  };
}

/** All in ms. */
function read(): { busy: number; idle: number; own: number } {
  let busy = 0;
  let idle = 0;
  for (const { times } of cpus()) {
    busy += times.user + times.nice + times.sys + times.irq;
    idle += times.idle;
  }
  const { user, system } = process.cpuUsage();
  return { busy, idle, own: (user + system) / 1000 };
}
