/**
 * The moves by name. A move is one number, its kind and the seat or call that it is about, so a trace of millions of
 * states is two short columns.
 */
import assert from 'node:assert/strict';
import { type FaultName, faultNames } from './setting.ts';

/** What goes on with a call, without a fault. */
export const callNames = ['answer', 'do', 'land', 'write', 'back', 'fail', 'see', 'unseen'] as const;
/** These cost nothing. */
const freeNames = [
  'tick',
  'run',
  'timer',
  ...callNames,
  'resume',
  'drained',
  'abandon',
  'cancel',
  'fit',
  'obey',
  'rested',
] as const;

export type MoveName = (typeof freeNames)[number] | FaultName;

const names: readonly MoveName[] = [...freeNames, ...faultNames];
const codes: ReadonlyMap<MoveName, number> = new Map(names.map((name, index) => [name, index * 64]));

/** More seats or calls than a move can name. */
const NAMES_MAX = 64;

export interface Move {
  readonly name: MoveName;
  /** The seat, or the call, that it is about. */
  readonly index: number;
}

export function moveOf(code: number): Move {
  const name = names[Math.floor(code / NAMES_MAX)];
  assert.ok(name !== undefined);
  return { name, index: code % NAMES_MAX };
}

export function codeOf(name: MoveName, index: number): number {
  const code = codes.get(name);
  assert.ok(code !== undefined && index < NAMES_MAX);
  return code + index;
}

/** Whether it is counted against the bound of faults. */
export function isFault(code: number): boolean {
  return code >= freeNames.length * NAMES_MAX;
}

export const TICK = codeOf('tick', 0);
