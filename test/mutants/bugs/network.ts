/** Mistakes about servers that are far, and about connections that a middle box has forgotten. */
import type { PlantedBug } from '../plantedBug.ts';

const link = 'src/store/mongodb/connection/link.ts';
const freshness = 'src/store/mongodb/connection/freshness.ts';
const idleConnections = 'src/store/mongodb/connection/idleConnections.ts';
const storeLimits = 'src/coordinator/storeLimits.ts';

export const networkBugs: readonly PlantedBug[] = [
  {
    name: 'old-connections-handed-out',
    breaks: 'When the few connections that were pinged are dead, the next command gets one that is as old.',
    file: freshness,
    find: "if (this.check !== undefined && idle.next(this.handed) === 'stale')",
    replace: "if (this.check === undefined && idle.next(this.handed) === 'stale')",
    caughtBy: ['units'],
  },
  {
    name: 'first-answer-lets-all-go',
    breaks: 'One connection that answers lets all commands of a burst go, also those that get another one.',
    file: freshness,
    find: 'if (!this.mayGo) return;',
    replace: 'if (!this.mayGo && this.handed === 0) return;',
    caughtBy: ['units'],
  },
  {
    name: 'idle-connections-trusted',
    breaks: 'A connection that has been silent for long is used without a ping.',
    file: idleConnections,
    find: 'return connection.doubts < this.doubts || this.now() - connection.heardAt > this.freshFor;',
    replace: 'return connection.doubts < this.doubts || this.now() < connection.heardAt - this.freshFor;',
    caughtBy: ['units'],
  },
  {
    name: 'commands-ahead-not-counted',
    breaks: 'Several commands at once take one fresh connection for the next one of each.',
    file: idleConnections,
    find: 'return Math.max(0, underWay - out);',
    replace: 'return Math.min(0, underWay - out);',
    caughtBy: ['units'],
  },
  {
    name: 'writes-sent-again',
    breaks: 'A write without an answer is sent a second time on another connection.',
    file: link,
    find: "const isRead = reads.has(Object.keys(command)[0] ?? '');",
    replace: "const isRead = reads.has(Object.keys(command)[0] ?? '') || limit > 0;",
    caughtBy: ['units'],
  },
  {
    name: 'doubt-without-end',
    breaks: 'A far server answers each read twice, because doubt does not depend on the round trip.',
    file: 'src/store/mongodb/connection/roundTrip.ts',
    find: 'return Math.max(Math.min(PATIENCE_MAX_MS, limit * LIMIT_SHARE), DOUBTFUL * this.ms);',
    replace: 'return Math.max(Math.min(PATIENCE_MAX_MS, limit * LIMIT_SHARE), 0 * this.ms);',
    caughtBy: ['units'],
  },
  {
    name: 'opening-limited-by-the-lease',
    breaks: 'Opening has the limit of a command, so a far server is never connected.',
    file: storeLimits,
    find: 'connectTimeout: Math.max(CONNECT_MAX_MS, commandTimeout)',
    replace: 'connectTimeout: Math.min(CONNECT_MAX_MS, 2 * commandTimeout)',
    caughtBy: ['named'],
  },
  {
    name: 'short-intervals-not-told',
    breaks: 'A server whose answers take nearly all of the limit is no error.',
    file: storeLimits,
    find: 'return ROOM * roundTrip > commandTimeout;',
    replace: 'return roundTrip > ROOM * commandTimeout;',
    caughtBy: ['named'],
  },
];
