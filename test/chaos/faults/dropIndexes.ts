/** Drops indexes under the members, as an administrator or a restore does. */
import { MongoClient } from 'mongodb';
import { indexes } from '../../../src/store/mongodb/indexes/indexes.ts';

/** Drops one of the indexes, or all of them. */
export async function dropIndexes(uri: string, strength: number): Promise<void> {
  const client = await new MongoClient(uri).connect();
  try {
    const one = indexes[Math.floor(strength * (indexes.length + 1))];
    for (const { collection, name } of one === undefined ? indexes : [one]) {
      // It may be gone still since the last time, or the server could not make it.
      await client
        .db()
        .collection(collection)
        .dropIndex(name)
        .catch(() => {});
    }
  } finally {
    await client.close();
  }
}
