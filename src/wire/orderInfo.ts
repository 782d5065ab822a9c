/** What operators have asked for, as it is told to people and programs. */
import type { HandOver, Pause } from '../store/orders.js';
import type { HandOverInfo, PauseInfo } from './status.js';

export function pauseInfo({ by, reason, at, until, standby }: Pause): PauseInfo {
  return { by, reason: reason ?? null, at, until: until === undefined ? null : new Date(until), standby };
}

export function handOverInfo({ term, to, by, reason, at, state, why }: HandOver): HandOverInfo {
  return { term, to: to ?? null, by, reason: reason ?? null, at, state, why: why ?? null };
}
