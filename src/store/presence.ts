/**
 * What a process says of itself to the others that share its store: that it lives, how many masterships it holds, and which
 * subsystems it could be master of. No rule of safety reads it: it says who claims first, and who gives masterships away. An older
 * version neither writes nor reads it.
 */

/** Subsystems of one priority, by the hashes of their names. */
export interface CandidacyGroup {
  readonly priority: number;
  /** 32-bit hashes, in rising order. */
  readonly names: Uint32Array;
}

/** The line of one coordinator. */
export interface Presence {
  /** Unique per coordinator, for all time. */
  readonly key: string;
  /** The key of the drain of its process: the lines of its members name it, too. */
  readonly process: string;
  /** What the ids of its members begin with. */
  readonly holders: string;
  /** Counts up with each time that it is written: no clock of another machine is read. */
  readonly count: number;
  /** How many masterships it holds. */
  readonly held: number;
  /** Names its candidacies: others with the same are equal. */
  readonly set: string;
  /** What it may be master of. Missing if the reader knows the set, or if the line cannot be read. */
  readonly candidacies?: readonly CandidacyGroup[];
}
