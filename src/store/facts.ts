/** What a store says of itself, for the doctor. A fact that cannot be had is null. */

export interface MongodbFacts {
  readonly kind: 'mongodb';
  readonly label: string;
  /** The version of the server. */
  readonly version: string | null;
  readonly topology: 'single' | 'replicaSet' | 'sharded' | 'other';
  /** How many servers of the replica set keep data, and how many do not. */
  readonly hosts: number;
  readonly arbiters: number;
  /** How far the server's wall clock is ahead of the one here, in ms. */
  readonly clockAhead: number | null;
  /** Round trips of pings, in ms. */
  readonly roundTrips: readonly number[];
  /** The user's name; null without a login. */
  readonly user: string | null;
  /** The actions that the user lacks, by collection; null if the server does not say. */
  readonly lacking: Readonly<Record<string, readonly string[]>> | null;
  readonly indexes: readonly IndexFact[];
}

export interface IndexFact {
  readonly collection: string;
  readonly name: string;
  /** `unseen`: the user may not list indexes. `unused`: there is no such collection yet. */
  readonly state: 'there' | 'missing' | 'wrong' | 'unseen' | 'unused';
  readonly use: 'correct' | 'fast' | 'tidy';
  /** What an administrator runs in mongosh. */
  readonly command: string;
}

export interface EmbeddedFacts {
  readonly kind: 'embedded';
  readonly label: string;
  /** Bytes of the store's file, and free ones on its disk. */
  readonly size: number | null;
  readonly free: number | null;
  /** Round trips of reads, in ms. */
  readonly roundTrips: readonly number[];
}

export type StoreFacts = MongodbFacts | EmbeddedFacts;

/** How many round trips are measured. */
export const ROUND_TRIPS_MEASURED = 20;
