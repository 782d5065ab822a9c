import type { ServerAhead } from './serverAhead.js';

/**
 * Which slot of a job was taken last: for schedulers of others that ask whether they may run, such as node-cron. It moves forward
 * only, so of all that ask for a slot one has it. The last one of a job stays, and no rule of the election reads it.
 */
export interface SlotTake {
  /** Of the subsystem. */
  readonly name: string;
  /** Names the job, in at most `JOB_BYTES_MAX` bytes. */
  readonly job: string;
  /** In ms since 1970. */
  readonly slot: number;
  /** Names this take, so who asks again after an answer was lost has the same answer. */
  readonly claim: string;
  /** The mastership under which it is taken. For people only, as the holder is. */
  readonly term: number;
  readonly holder: string;
  /** The last slot, if it is to be forgotten first: that of a clock which was far ahead. */
  readonly replaces?: number;
}

/** What a member asks for. */
export type AskedTake = Omit<SlotTake, 'name' | 'holder'>;

/** `last`: the slot that is there, of another take. */
export type TakenSlot = { readonly taken: true } | { readonly taken: false; readonly last: number };

/** With the name it must fit into one key of the embedded store. */
export const JOB_BYTES_MAX = 200;

/** The same, with what is known of the server's clock where another has it. */
export type TakeAnswer =
  | { readonly taken: true }
  | { readonly taken: false; readonly last: number; readonly serverAhead: ServerAhead };
