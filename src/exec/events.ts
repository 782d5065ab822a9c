/** What a supervisor tells on stderr: a line of text, or of JSON, for each event. */
import type { GroupEndCause } from '../wire/groups.js';

export type ExecEvent =
  | { readonly event: 'standby' }
  | { readonly event: 'observed'; readonly url: string }
  | { readonly event: 'acquired'; readonly term: number; readonly member: string }
  | { readonly event: 'started'; readonly term: number; readonly pid: number; readonly attempt: number }
  | {
      readonly event: 'signal';
      readonly signal: NodeJS.Signals;
      readonly cause: GroupEndCause | 'forwarded';
      readonly pid: number;
    }
  | {
      readonly event: 'exited';
      readonly term: number;
      readonly pid: number;
      readonly code: number | null;
      readonly signal: NodeJS.Signals | null;
    }
  | { readonly event: 'restart'; readonly delay: number }
  | { readonly event: 'succeeded'; readonly key: string; readonly term?: number }
  | { readonly event: 'lost'; readonly term: number; readonly reason: string }
  | { readonly event: 'released' }
  | { readonly event: 'stopping'; readonly signal: NodeJS.Signals }
  | { readonly event: 'warning'; readonly text: string; readonly code?: string };

const causes: Readonly<Record<GroupEndCause | 'forwarded', string>> = {
  lease: 'the lease is about to end',
  lost: 'the lease is lost',
  drain: 'the mastership is handed over',
  asked: 'as asked',
  exit: 'this process ends',
  forwarded: 'forwarded',
};

export function inWords(event: ExecEvent): string {
  switch (event.event) {
    case 'standby':
      return 'standing by: another member is master, or nothing is known yet';
    case 'observed':
      return `probes and metrics are served at ${event.url}`;
    case 'acquired':
      return `master under term ${event.term}`;
    case 'started':
      return `started the command: process ${event.pid}, attempt ${event.attempt} of term ${event.term}`;
    case 'signal':
      return `${event.signal} to the command (${causes[event.cause]})`;
    case 'exited':
      return `the command ended: ${event.signal ?? `exit code ${event.code}`}`;
    case 'restart':
      return `starts the command again in ${event.delay / 1000} s`;
    case 'succeeded':
      return event.term === undefined
        ? `${event.key} has succeeded before: the command is not run`
        : `${event.key} has succeeded, which is on record under term ${event.term}`;
    case 'lost':
      return `the lease of term ${event.term} is lost: ${event.reason}`;
    case 'released':
      return 'left the election';
    case 'stopping':
      return `stops at ${event.signal}`;
    case 'warning':
      return event.code === undefined ? event.text : `${event.code}: ${event.text}`;
  }
}

export function inJson(event: ExecEvent, at: number): string {
  return JSON.stringify({ at: new Date(at).toISOString(), ...event });
}

/** Says which processes have left the group, and live. */
export function escapedText(pids: readonly number[]): string {
  const text = `the command has left processes behind that are in no group of it: ${pids.join(', ')}. `;
  return `${text}They may run beside the next command; --escapees kill ends them`;
}
