/** A change as a line for people. */
import type { Change } from '../../operations/changes.js';
import { showDuration } from '../settings/durations.js';
import { shortId } from './subsystem.js';
import { clean } from './words.js';

export function changeText(change: Change): string {
  const name = clean(change.name);
  switch (change.type) {
    case 'master':
      return `${name}: ${shortId(change.holder)} is master of term ${change.term}`;
    case 'released':
      return `${name}: term ${change.term} was released${change.died ? ', because its master died' : ''}`;
    case 'overdue':
      return `${name}: the master of term ${change.term} has sent no beat for ${showDuration(change.silent)}`;
    case 'beating':
      return `${name}: the master of term ${change.term} beats again`;
    case 'gone':
      return `${name}: its lease is gone from the store`;
    case 'joined':
      return `${name}: ${shortId(change.member)} has joined, ${clean(change.state)}`;
    case 'left':
      return `${name}: ${shortId(change.member)} has left`;
    case 'state':
      return `${name}: ${shortId(change.member)} ${clean(change.from)} -> ${clean(change.to)}`;
    case 'paused':
      return `${name}: paused by ${clean(change.by)}${reasonText(change.reason)}`;
    case 'resumed':
      return `${name}: goes on`;
    case 'handOver': {
      const to = change.to === null ? '' : ` to ${shortId(change.to)}`;
      return `${name}: hand-over${to} ${clean(change.state)}${reasonText(change.why)}`;
    }
  }
}

function reasonText(reason: string | null): string {
  return reason === null ? '' : `: ${clean(reason)}`;
}
