/**
 * Notices a monitor of the driver that hangs. The driver (7.9) can begin a check of the server on a socket that the other
 * side has just closed: then it waits for `drain`, which such a socket never tells, and looks at that server no more,
 * though it is long back. Each check ends by the driver's own limits; one that does not, hangs.
 *
 * Those limits are long, because a first connection to a far server takes long. Once a server has answered, a check that
 * takes much longer than the longest before counts as hanging: its packets may be lost, and another client is tried.
 */
import type { MongoClient } from 'mongodb';

/** How much longer than the driver allows it a check may take, in ms. */
const SLACK_MS = 1000;
/** How many times as long as the longest check before another one may take, and at least this, in ms. */
const LONGER = 10;
const CHECK_MIN_MS = 1000;

/** Calls `hung` when a check does not end, and again for as long as it does not. */
export function watchMonitors(client: MongoClient, hung: () => void): void {
  const { connectTimeoutMS, heartbeatFrequencyMS } = client.options;
  const checks = new Map<string, NodeJS.Timeout>();
  const after = (ms: number, address: string, call: () => void): void => {
    checks.set(address, setTimeout(call, ms).unref());
  };
  const longest = new Map<string, number>();
  const allowed = (address: string): number => {
    const known = longest.get(address);
    return known === undefined ? connectTimeoutMS : Math.min(connectTimeoutMS, Math.max(CHECK_MIN_MS, LONGER * known));
  };
  const began = (address: string): void => {
    ended(address);
    // A server that streams answers at the latest after the time between two checks.
    after(allowed(address) + heartbeatFrequencyMS, address, () => {
      // Of its own, so a thread that was stopped for long reads what has come since.
      after(SLACK_MS, address, () => {
        hung();
        began(address);
      });
    });
  };
  const ended = (address: string): void => {
    clearTimeout(checks.get(address));
    checks.delete(address);
  };
  client.on('serverHeartbeatStarted', ({ connectionId }) => began(connectionId));
  client.on('serverHeartbeatSucceeded', ({ connectionId, duration, awaited }) => {
    ended(connectionId);
    if (!awaited) longest.set(connectionId, Math.max(duration, longest.get(connectionId) ?? 0));
  });
  client.on('serverHeartbeatFailed', ({ connectionId }) => ended(connectionId));
  client.on('serverClosed', ({ address }) => {
    ended(address);
    longest.delete(address);
  });
}
