/** What crosses between the bench and its members. Times are of the clock that all processes of a machine share, in ms. */
import type { FailoverOptions } from '../../index.js';

export type ToBencher =
  | { readonly type: 'start'; readonly name: string; readonly options: FailoverOptions }
  | { readonly type: 'submit'; readonly from: number; readonly count: number }
  | { readonly type: 'block'; readonly ms: number }
  | { readonly type: 'report' };

export type FromBencher =
  | { readonly type: 'state'; readonly state: string; readonly at: number }
  | { readonly type: 'stored'; readonly at: number }
  | { readonly type: 'done'; readonly count: number; readonly at: number }
  | { readonly type: 'unblocked' }
  | { readonly type: 'beats'; readonly sent: number; readonly p50: number; readonly p99: number; readonly max: number }
  /** An event of its cluster. */
  | { readonly type: 'error'; readonly message: string }
  /** What it was told to do failed. */
  | { readonly type: 'failed'; readonly message: string };
