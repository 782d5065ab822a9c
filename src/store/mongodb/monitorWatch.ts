/**
 * Notices a monitor of the driver that hangs. The driver (7.9) can begin a check of the server on a socket that the other
 * side has just closed: then it waits for `drain`, which such a socket never tells, and looks at that server no more,
 * though it is long back. Each check ends by the driver's own limits; one that does not, hangs.
 */
import type { MongoClient } from 'mongodb';

/** How much longer than the driver allows it a check may take, in ms. */
const SLACK = 1000;

/** Calls `hung` when a check does not end, and again for as long as it does not. */
export function watchMonitors(client: MongoClient, hung: () => void): void {
  const { connectTimeoutMS, heartbeatFrequencyMS } = client.options;
  const checks = new Map<string, NodeJS.Timeout>();
  const after = (ms: number, address: string, call: () => void): void => {
    checks.set(address, setTimeout(call, ms).unref());
  };
  const began = (address: string): void => {
    ended(address);
    // A server that streams answers at the latest after the time between two checks.
    after(connectTimeoutMS + heartbeatFrequencyMS, address, () => {
      // Of its own, so that a thread that was stopped for long reads what has come meanwhile.
      after(SLACK, address, () => {
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
  client.on('serverHeartbeatSucceeded', ({ connectionId }) => ended(connectionId));
  client.on('serverHeartbeatFailed', ({ connectionId }) => ended(connectionId));
  client.on('serverClosed', ({ address }) => ended(address));
}
