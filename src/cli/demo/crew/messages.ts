/** What the demo and its member processes say to each other. */
import type { ClusterState, MemberStatus } from '../../../index.js';

export type Heartbeat = MemberStatus['heartbeat'];

export type ToMember =
  | {
      readonly type: 'start';
      /** The subsystem's name. */
      readonly name: string;
      readonly store: { readonly mongodb: string } | { readonly path: string };
      /** A JSON file of `FileTask`s. */
      readonly tasks: string;
      /** The URL of the work module. */
      readonly work: string;
    }
  /** Let the main thread do nothing else for so many ms. */
  | { readonly type: 'block'; readonly ms: number }
  | { readonly type: 'stop' };

export type FromMember =
  | { readonly type: 'fed'; readonly tasks: number }
  | {
      readonly type: 'state';
      readonly from: ClusterState;
      readonly to: ClusterState;
      readonly at: number;
      readonly term: number | null;
      /** How late timers were there of late, in ms. */
      readonly late: number;
      /** When it last saw progress of another master; null before. */
      readonly sawAt: number | null;
    }
  | { readonly type: 'status'; readonly term: number | null; readonly heartbeat: Heartbeat }
  /** The main thread was blocked from `from` to `to`. */
  | {
      readonly type: 'blocked';
      readonly from: number;
      readonly to: number;
      readonly before: Heartbeat;
      readonly after: Heartbeat;
    }
  | { readonly type: 'note'; readonly level: 'info' | 'error' | 'panic'; readonly text: string };

/** Returns whether it is one of ours. The other end is of this same package, so its type is enough. */
export function isMessage<Message extends ToMember | FromMember>(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}
