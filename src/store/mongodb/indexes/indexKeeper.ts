/**
 * Notices, in a store that is open, that indexes are gone, and makes them again: a collection may be dropped, restored
 * without indexes, or stripped of them at any time.
 *
 * Without the unique index of the tasks one id is stored and run twice. So each batch of tasks looks at it first, with a
 * read that a server answers from its catalog. All that was dropped before the batch began is noticed. A drop between
 * that look and the insert, one round trip later, is noticed by the next batch, and by the master when it reads tasks.
 * If an id is there twice by then, the index cannot be made, and no task is stored or read until a person has chosen.
 *
 * The other indexes make calls fast. They are looked at every `ALL_PERIOD_MS`, and whenever one of the tasks is gone.
 */
import { StoreError } from '../../../errors.js';
import type { Fields } from '../../documents.js';
import { type Index, indexes, judge, originIndex, outboxIndexes, uniqueTasks } from './indexes.js';
import { IndexMaker, type IndexSite } from './indexMaker.js';

/** How often readers look at the indexes of the tasks, in ms. */
const READ_PERIOD_MS = 1000;
/** How often all indexes are looked at, in ms. */
const ALL_PERIOD_MS = 10_000;

/** How often it is looked whether an index is there that not every store needs, in ms. */
const TRY_PERIOD_MS = 60_000;

const ofTasks = indexes.filter(({ collection }) => collection === uniqueTasks.collection);
const collections = [...new Set(indexes.map(({ collection }) => collection))];

export class IndexKeeper {
  private readonly maker: IndexMaker;
  private readAt = Number.NEGATIVE_INFINITY;
  /** When all were looked at; null until the first call, because opening looks at all. */
  private allAt: number | null = null;
  private mendedAt = Number.NEGATIVE_INFINITY;
  /** When it was last looked whether those are there that not every store needs. */
  private readonly triedAt = new Map<Index, number>();

  constructor(private readonly site: IndexSite) {
    this.maker = new IndexMaker(site);
  }

  /**
   * Makes sure that no id can be stored twice.
   *
   * @throws StoreError `ERR_STORE_INDEX`, `ERR_STORE_DUPLICATES`, or whatever a call throws.
   */
  async beforeStoring(what: string): Promise<void> {
    const [listed, isUsable] = await Promise.all([
      this.maker.list(what, uniqueTasks.collection),
      this.maker.isUsable(what, uniqueTasks),
    ]);
    if (listed !== null && !isUsable && isBeingBuilt(listed)) return this.waitForBuild(what);
    if (listed !== null && ofTasks.every((index) => judge(index, listed).type === 'there')) return;
    const [denied] = await this.maker.make(what, [uniqueTasks], listed);
    if (denied !== undefined) throw this.maker.missing([denied]);
    // If one that makes calls fast cannot be made, not every batch tries to.
    const wasUnique = listed === null || judge(uniqueTasks, listed).type === 'there';
    const now = this.site.clock.now();
    if (wasUnique && (listed === null || now - this.mendedAt < ALL_PERIOD_MS)) return;
    this.mendedAt = now;
    await this.makeAll(what);
  }

  /** Has tasks found by their origin fast, where the server can and the user may. Rejects for nothing. */
  async beforeRelaying(): Promise<void> {
    await this.try('relayTasks', originIndex);
  }

  /** Has the outbox made, with its indexes, where the user may. Rejects for nothing. */
  async beforeOutbox(): Promise<void> {
    await this.try('outbox', ...outboxIndexes);
  }

  /** All are of one collection. */
  private async try(what: string, ...wanted: readonly [Index, ...Index[]]): Promise<void> {
    const [first] = wanted;
    const now = this.site.clock.now();
    if (now - (this.triedAt.get(first) ?? Number.NEGATIVE_INFINITY) < TRY_PERIOD_MS) return;
    this.triedAt.set(first, now);
    const listed = await this.maker.list(what, first.collection).catch(() => null);
    const missing = wanted.filter((index) => listed?.every(({ name }) => name !== index.name));
    if (missing.length > 0) await this.maker.make(what, missing, []).catch(() => {});
  }

  /** Waits for a build that another member, or an administrator, has begun: a server waits too if it is asked again. */
  private async waitForBuild(what: string): Promise<void> {
    await this.maker.make(what, [uniqueTasks], []);
    if (await this.maker.isUsable(what, uniqueTasks)) return;
    throw new StoreError(
      'ERR_STORE_UNAVAILABLE',
      `the unique index of ${uniqueTasks.collection} is being created, and does not keep ids unique before that has ended: no task is stored until then`,
    );
  }

  /** Throws if ids are stored twice: then no task may be run. Readers call it beside each read. */
  async whileReading(what: string): Promise<void> {
    const now = this.site.clock.now();
    if (now - this.readAt < READ_PERIOD_MS) return;
    this.readAt = now;
    try {
      await this.beforeStoring(what);
    } catch (error) {
      if (!(error instanceof StoreError && error.code === 'ERR_STORE_DUPLICATES')) return;
      this.readAt = Number.NEGATIVE_INFINITY;
      throw error;
    }
  }

  /** Looks at all indexes in the background, if that was not done lately. */
  soon(): void {
    const now = this.site.clock.now();
    this.allAt ??= now;
    if (now - this.allAt >= ALL_PERIOD_MS) void this.makeAll('indexes');
  }

  /** Makes all indexes that are missing, as far as it can. Never rejects: calls that need one say so. */
  async makeAll(what: string): Promise<void> {
    this.allAt = this.site.clock.now();
    const make = async (collection: string): Promise<void> => {
      const listed = await this.maker.list(what, collection);
      const wanted = indexes.filter((index) => index.collection === collection);
      // Where the user may not look, each of them would have to be made to find out.
      if (listed !== null) await this.maker.make(what, wanted, listed);
    };
    await Promise.allSettled(collections.map(make));
  }
}

/**
 * Returns whether the list has an index that reads cannot use: a server lists those that it is creating. One that is
 * hidden cannot be used either, but keeps ids unique.
 */
function isBeingBuilt(listed: readonly Fields[]): boolean {
  const visible = listed.filter(({ hidden }) => hidden !== true);
  return judge(uniqueTasks, visible).type === 'there';
}
