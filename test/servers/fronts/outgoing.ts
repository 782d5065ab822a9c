/** Commands as they are passed on to the real server. */
import { changeMessage, type WireMessage } from '../../support/wire.js';

/** Not every server knows sessions, and nothing of ours needs them. */
const ofSessions = ['lsid', '$clusterTime', 'txnNumber'];

/** Takes sessions out, and sends the command to another database if one is given. */
export function outgoing(message: WireMessage, database?: string): Buffer {
  if (database === undefined && !ofSessions.some((name) => name in message.body)) return message.bytes;
  return changeMessage(message, (all) => {
    const kept = Object.entries(all).filter(([name]) => !ofSessions.includes(name));
    return { ...Object.fromEntries(kept), ...(database === undefined ? {} : { $db: database }) };
  });
}
