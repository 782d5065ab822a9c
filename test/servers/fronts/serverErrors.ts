/** What mongod and mongos answer when they cannot do a command, by the names of their errors. */
import type { Document } from 'bson';

const known = {
  HostUnreachable: [6, 'Connection refused'],
  HostNotFound: [7, 'Name or service not known'],
  MaxTimeMSExpired: [50, 'operation exceeded time limit'],
  StaleShardVersion: [63, 'version mismatch detected for collection'],
  WriteConcernTimeout: [64, 'waiting for replication timed out'],
  NetworkTimeout: [89, 'Operation timed out'],
  ShutdownInProgress: [91, 'The server is in quiesce mode and will shut down'],
  FailedToSatisfyReadPreference: [133, 'Could not find host matching read preference { mode: "primary" } for set rs0'],
  StaleEpoch: [150, 'epoch mismatch detected for collection'],
  PrimarySteppedDown: [189, 'Primary stepped down while waiting for replication'],
  SocketException: [9001, 'socket exception'],
  NotWritablePrimary: [10107, 'not primary'],
  InterruptedAtShutdown: [11600, 'interrupted at shutdown'],
  InterruptedDueToReplStateChange: [11602, 'operation was interrupted'],
  StaleConfig: [13388, 'version mismatch detected for collection'],
  NotPrimaryNoSecondaryOk: [13435, 'not primary and secondaryOk=false'],
  NotPrimaryOrSecondary: [13436, 'node is recovering'],
} as const satisfies Record<string, readonly [code: number, message: string]>;

export type ServerErrorName = keyof typeof known;

/** Returns the answer to a command that failed. */
export function errorAnswer(codeName: ServerErrorName, more: Document = {}): Document {
  const [code, errmsg] = known[codeName];
  return { ok: 0, errmsg, code, codeName, ...more };
}

/** Returns what an answer says that is well, of a write that was not acknowledged as was asked for. */
export function writeConcernError(codeName: ServerErrorName): Document {
  const [code, errmsg] = known[codeName];
  const timedOut = codeName === 'WriteConcernTimeout';
  return { writeConcernError: { code, codeName, errmsg, ...(timedOut ? { errInfo: { wtimeout: true } } : {}) } };
}
