/** What must be there before the store counts as open: a server that serves, and the indexes that calls need. */
import type { Index } from './indexes.js';
import { indexes, MEMBERS, MEMBERS_KEPT_SECONDS } from './indexes.js';
import { IndexMaker, type IndexSite } from './indexMaker.js';

/** Finds out whether the server serves, and makes the indexes that are missing while several connections warm up. */
export async function prepare(site: IndexSite): Promise<void> {
  const maker = new IndexMaker(site);
  const make = async (collection: string): Promise<Index[]> => {
    const listed = await maker.list('open', collection);
    const wanted = indexes.filter((index) => index.collection === collection);
    return maker.make('open', wanted, listed);
  };
  const needed = new Set(indexes.filter(({ use }) => use !== 'tidy').map(({ collection }) => collection));
  const [, , denied] = await Promise.all([
    site.send('open', { ping: 1 }),
    tidyMembers(make(MEMBERS), site),
    Promise.all([...needed].map(make)),
  ]);
  if (denied.flat().length > 0) throw maker.missing(denied.flat());
}

/** Not every server can make that index, and nothing depends on it: there, old lines go when a store is opened. */
async function tidyMembers(made: Promise<Index[]>, { send }: IndexSite): Promise<void> {
  const isThere = await made.then((denied) => denied.length === 0).catch(() => false);
  if (isThere) return;
  const before = new Date(Date.now() - MEMBERS_KEPT_SECONDS * 1000);
  await send('open', { delete: MEMBERS, deletes: [{ q: { at: { $lt: before } }, limit: 0 }] }).catch(() => {});
}
