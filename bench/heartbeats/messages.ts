/** What the processes of this question are given, and what each of them reports. All times in ms. */
import type { SampleSpread } from '../support/spread.js';

interface BeatSettings {
  /** How long it is measured. */
  readonly duration: number;
  /** Threads that do nothing but slices. */
  readonly busyThreads: number;
}

export interface PlainSettings extends BeatSettings {
  /** Between two beats. */
  readonly interval: number;
  /** A gap longer than this would have cost the lease. */
  readonly validity: number;
}

export interface OurSettings extends BeatSettings {
  /** The file of the work module, beside this one. */
  readonly work: 'work.js' | 'poolWork.js';
  readonly folder: string;
  readonly intervals: { readonly MASTER: number; readonly SLAVE: number; readonly TICKING: number };
}

export interface BeatReport {
  readonly type: 'report';
  /** Of ours: the worst cluster in each column. */
  readonly lateness: SampleSpread;
  /** Slices that were done in that time, on all threads. */
  readonly slices: number;
  /** How long a slice takes in this process before the load begins. */
  readonly slice: number;
  /** Ours: how often a cluster left the state master. Others: gaps between two beats longer than `validity`. */
  readonly leasesLost: number;
  /** The share of all cores that other processes took during it. */
  readonly othersCpu: number;
}

export interface OurReport extends BeatReport {
  /** Counted from the moment that was aimed at, which is a little before a beat is due. */
  readonly delay: SampleSpread;
  readonly roundTrip: SampleSpread;
  /** How long the main thread was blocked without a pause. */
  readonly blocked: number;
  /** The least that the main thread saw of a lease in that time: 0 would be a gap. */
  readonly leastLease: number;
  readonly clusters: number;
}

export interface PayloadSettings {
  /** How long it is measured. */
  readonly duration: number;
  readonly folder: string;
  readonly intervals: OurSettings['intervals'];
  readonly durable: boolean;
  /** Of each task. */
  readonly bytes: number;
  /** Tasks that are submitted and not done, at most. */
  readonly underWay: number;
}

export interface PayloadReport {
  readonly type: 'report';
  readonly lateness: SampleSpread;
  readonly delay: SampleSpread;
  readonly roundTrip: SampleSpread;
  /** Done while it was measured. */
  readonly tasks: number;
  readonly leasesLost: number;
  /** `error` events: calls that the store did not answer in time, beats among them. */
  readonly storeErrors: number;
  /** Calls of `submitWork` that the store did not answer in time, and that were made again. */
  readonly refused: number;
  /** The share of all cores that other processes took during it. */
  readonly othersCpu: number;
}

export interface ManySettings {
  /** How long it is measured after all are master. */
  readonly duration: number;
  readonly folder: string;
  readonly clusters: number;
}

/** Of lateness and round trip: the worst cluster in each column. */
export interface ManyReport {
  readonly type: 'report';
  readonly lateness: SampleSpread;
  readonly roundTrip: SampleSpread;
  readonly leasesLost: number;
  /** `error` events of all clusters. */
  readonly errors: number;
  /** Until the last of them was master. */
  readonly elected: number;
  /** The longest way of a first task from its submission to `done`. */
  readonly firstTask: number;
  /** In bytes. */
  readonly rss: number;
  /** The share of one core, while they were idle. */
  readonly cpu: number;
  /** The share of all cores that other processes took. */
  readonly othersCpu: number;
}
