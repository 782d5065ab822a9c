/**
 * What a primary has that is cut off from the others: the data as it was then, twice, in databases of their own on the
 * real server. Its writes go to one of them, as they go into the real one's local data, and are rolled back with it; reads
 * of what the majority has see the other.
 */
import { MongoClient } from 'mongodb';

let copies = 0;

export class StaleCopy {
  private constructor(
    private readonly client: MongoClient,
    private readonly databases: ReadonlySet<string>,
    private readonly suffix: string,
  ) {}

  /** The caller sees to it that nothing is written until it is made. */
  static async of(uri: string, databases: ReadonlySet<string>): Promise<StaleCopy> {
    copies += 1;
    const client = await new MongoClient(uri, { directConnection: true }).connect();
    const copy = new StaleCopy(client, new Set(databases), `_s${copies}`);
    for (const name of databases) await copy.make(name);
    return copy;
  }

  /** Where a command that was meant for this database goes. */
  name(database: string, what: 'local' | 'majority'): string {
    return this.databases.has(database) ? `${database}${this.suffix}${what[0]}` : database;
  }

  async remove(): Promise<void> {
    for (const name of this.databases) {
      for (const what of ['local', 'majority'] as const) await this.client.db(this.name(name, what)).dropDatabase();
    }
    await this.client.close();
  }

  private async make(name: string): Promise<void> {
    const from = this.client.db(name);
    for (const { name: collection } of await from.listCollections({}, { nameOnly: true }).toArray()) {
      if (collection.startsWith('system.')) continue;
      // With all types as they are.
      const documents = await from.collection(collection).find({}, { promoteValues: false }).toArray();
      const indexes = await from.collection(collection).indexes();
      for (const what of ['local', 'majority'] as const) {
        const to = this.client.db(this.name(name, what)).collection(collection);
        if (documents.length > 0) await to.insertMany(documents);
        for (const { key, name: called, unique } of indexes) {
          // The others only make things fast.
          if (unique && called !== '_id_') await to.createIndex(key, { unique });
        }
      }
    }
  }
}
