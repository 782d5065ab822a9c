/** Reads where the probes of `exec` are served: `--health [host:]port`. */

import { InvalidOptionError } from '../../errors.js';
import { type ResolvedObserve, resolveObserve } from '../../options/observe.js';
import { UsageError } from '../exit.js';

/** Holds the token beyond loopback: a flag could be read by all users of the machine. */
export const HEALTH_TOKEN = 'MONGO_FAILOVER_HEALTH_TOKEN';

/** @throws UsageError */
export function readHealth(text: string, token: string | undefined): ResolvedObserve | null {
  const [, host = '127.0.0.1', port] = /^(?:(.+):)?(\d+)$/.exec(text) ?? [];
  if (port === undefined) throw new UsageError(`--health takes [host:]port, such as 9464, not ${JSON.stringify(text)}`);
  const given = {
    port: Number(port),
    host: host.replace(/^\[(.*)\]$/, '$1'),
    ...(token === undefined ? {} : { token }),
  };
  try {
    return resolveObserve(given);
  } catch (error) {
    if (!(error instanceof InvalidOptionError)) throw error;
    const why = error.message.replace(/\bobserve\.token\b/g, HEALTH_TOKEN).replace(/\bobserve\./g, 'its ');
    throw new UsageError(`--health ${text}: ${why}`);
  }
}
