/** What crosses between the main thread and the observer thread. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { WireError } from '../errors.js';
import type { ResolvedObserve } from '../options/observe.js';
import type { StoreOptions } from '../options/options.js';
import type { PageAction } from '../options/pageActions.js';
import type { OwnThreadData } from '../surroundings/ownThreads.js';
import type { WatchedService } from '../wire/messages.js';
import type { Distribution } from '../wire/sharedCounts.js';
import type { Build } from './watched.js';

/** Given to the observer thread when it starts. */
export interface ObserverData extends OwnThreadData {
  readonly options: ResolvedObserve;
  readonly watched: WatchedService;
  readonly build: Build;
  readonly clusters: readonly ClusterEntry[];
  /** Where the page reads; null if none is served. */
  readonly store: StoreOptions | null;
}

/** What serves the live page, loaded when it is asked for first. It is in a room above this one. */
export interface PageModule {
  observedPage(parts: ObservedPageParts): ObservedPage;
}

export interface ObservedPageParts {
  readonly store: StoreOptions;
  readonly actions: readonly PageAction[];
  /** Null on loopback alone. */
  readonly token: string | null;
  /** Under which path it is. */
  readonly base: string;
  /** How late the beats of this process were. */
  lateness(): Distribution;
}

export interface ObservedPage {
  node(request: IncomingMessage, response: ServerResponse): void;
  close(): Promise<void>;
}

/** `lease` and `counts`: the buffers of its `SharedLease` and `MemberCounts`. */
export interface ClusterEntry {
  readonly id: number;
  readonly name: string;
  readonly lease: SharedArrayBuffer;
  readonly counts: SharedArrayBuffer;
}

export type ToObserver =
  | { readonly type: 'add'; readonly cluster: ClusterEntry }
  | { readonly type: 'remove'; readonly id: number }
  | { readonly type: 'close' };

export type FromObserver =
  | { readonly type: 'listening'; readonly port: number }
  | { readonly type: 'failed'; readonly error: WireError }
  | { readonly type: 'closed' };
