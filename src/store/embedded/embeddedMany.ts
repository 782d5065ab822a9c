/** The calls for many subsystems in the embedded store, as the coordinator sees them. */
import { fromWire, StoreError } from '../../errors.js';
import type { Beat, Claiming, ManyStore, Releasing } from '../manyStore.js';
import type { SeenOrders } from '../orders.js';
import type { Look, Member, Notice, Observation, TermRecord } from '../store.js';
import { beatRow, type Told } from './manyCalls.js';
import type { StoreCaller } from './storeThread.js';

/** Subsystems in one call: the calls of all other members wait for its transaction. */
const TOGETHER_MAX = 1000;
/** The same where no lease hangs on it: beats of other members go between two of these calls. */
const LINES_MAX = 100;

export class EmbeddedMany implements ManyStore {
  constructor(private readonly thread: Pick<StoreCaller, 'call'>) {}

  async beatAll(beats: readonly Beat[]): Promise<(boolean | StoreError)[]> {
    return inParts(beats, async (part) => (await this.thread.call('beatAll', [part.map(beatRow)])).map(outcome));
  }

  async observeAll(asked: readonly Look[]): Promise<((Observation & SeenOrders) | StoreError)[]> {
    return inParts(asked, async (part) => (await this.thread.call('observeAll', [part])).map(outcome));
  }

  highestTerms(names: readonly string[]): ReturnType<ManyStore['highestTerms']> {
    return inParts(names, async (part) => (await this.thread.call('highestTerms', [part])).map(outcome));
  }

  claimAll(claims: readonly Claiming[]): ReturnType<ManyStore['claimAll']> {
    return inParts(claims, async (part) => (await this.thread.call('claimAll', [part])).map(outcome));
  }

  insertTerms(records: readonly TermRecord[]): ReturnType<ManyStore['insertTerms']> {
    return inParts(records, async (part) => (await this.thread.call('insertTerms', [part])).map(outcome));
  }

  releaseAll(releases: readonly Releasing[]): ReturnType<ManyStore['releaseAll']> {
    return inParts(releases, async (part) => (await this.thread.call('releaseAll', [part])).map(outcome));
  }

  readNoticesOf(names: readonly string[]): Promise<Notice[][]> {
    return inParts(names, (part) => this.thread.call('readNoticesOf', [part]), LINES_MAX);
  }

  /** Cut into as few parts as may be: each goes through the lines of all members. */
  listMembersOf(names: readonly string[]): Promise<Member[][]> {
    return inParts(names, (part) => this.thread.call('listMembersOf', [part]));
  }

  async putMembers(members: readonly Member[]): Promise<void> {
    const put = async (part: readonly Member[]): Promise<never[]> => {
      await this.thread.call('putMembers', [part]);
      return [];
    };
    await inParts(members, put, LINES_MAX);
  }

  async removeMembers(ids: readonly string[]): Promise<void> {
    const remove = async (part: readonly string[]): Promise<never[]> => {
      await this.thread.call('removeMembers', [part]);
      return [];
    };
    await inParts(ids, remove, LINES_MAX);
  }
}

async function inParts<A, T>(
  asked: readonly A[],
  call: (part: readonly A[]) => Promise<T[]>,
  most = TOGETHER_MAX,
): Promise<T[]> {
  const parts: Promise<T[]>[] = [];
  for (let at = 0; at < asked.length; at += most) parts.push(call(asked.slice(at, at + most)));
  return (await Promise.all(parts)).flat();
}

function outcome<T>(told: Told<T>): T | StoreError {
  if ('value' in told) return told.value;
  const error = fromWire(told.error);
  return error instanceof StoreError ? error : new StoreError('ERR_STORE', error.message, { cause: error });
}
