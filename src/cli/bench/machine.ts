/** What the machine is, as far as it explains figures; nothing that names it or its user. */
import { arch, cpus, loadavg, platform, release, totalmem } from 'node:os';

export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly node: string;
  readonly system: string;
  readonly memory: string;
  /** Runnable threads over the last minute, before the benchmark added its own; all but 0 blurs the figures. */
  readonly load: string;
}

export function machine(): Machine {
  return {
    cores: cpus().length,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    node: process.version,
    system: `${platform()} ${arch()} ${release()}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    load: (loadavg()[0] ?? 0).toFixed(2),
  };
}
