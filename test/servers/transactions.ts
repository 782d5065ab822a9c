/**
 * Plays the transactions of a server before one that has none: what is inserted in a transaction is kept here, and is in the server
 * when that has committed, all at once as far as one `insertMany` for each collection is. Reads in a transaction, updates and conflicts
 * are not played.
 */
import { type Document, MongoClient } from 'mongodb';
import { CommandProxy } from '../support/commandProxy.js';
import { commandName } from '../support/wire.js';

interface Insert {
  readonly database: string;
  readonly collection: string;
  readonly documents: Document[];
}

const hello: Document = {
  ...{ ok: 1, helloOk: true, isWritablePrimary: true, ismaster: true, readOnly: false },
  ...{ maxBsonObjectSize: 16 * 1024 * 1024, maxMessageSizeBytes: 48_000_000, maxWriteBatchSize: 100_000 },
  ...{ minWireVersion: 0, maxWireVersion: 21, logicalSessionTimeoutMinutes: 30 },
};

export class PlayedTransactions {
  private readonly open = new Map<string, Insert[]>();
  /** How many have committed, and how many were aborted. */
  committed = 0;
  aborted = 0;

  private constructor(
    private readonly proxy: CommandProxy,
    private readonly client: MongoClient,
    readonly uri: string,
  ) {
    proxy.rule = (command) => this.answer(command);
  }

  static async before(uri: string): Promise<PlayedTransactions> {
    const client = await new MongoClient(uri).connect();
    const proxy = await CommandProxy.before(uri);
    return new PlayedTransactions(proxy, client, proxy.uri(uri));
  }

  async close(): Promise<void> {
    await this.proxy.close();
    await this.client.close();
  }

  private answer(command: Document): Document | undefined | Promise<Document> {
    const name = commandName(command);
    if (['hello', 'isMaster', 'ismaster'].includes(name)) return { ...hello, localTime: new Date() };
    if (name === 'endSessions') return { ok: 1 };
    if (command.autocommit !== false) return undefined;
    const key = `${command.lsid.id.toString('hex')}/${command.txnNumber}`;
    if (command.startTransaction === true) this.open.set(key, []);
    const inserts = this.open.get(key);
    if (inserts === undefined) {
      return { ok: 0, code: 251, codeName: 'NoSuchTransaction', errmsg: `there is no transaction ${key}` };
    }
    switch (name) {
      case 'insert':
        inserts.push({ database: command.$db, collection: command.insert, documents: command.documents });
        return { ok: 1, n: command.documents.length };
      case 'commitTransaction':
        this.open.delete(key);
        return this.commit(inserts);
      case 'abortTransaction':
        this.open.delete(key);
        this.aborted += 1;
        return { ok: 1 };
      default:
        return { ok: 0, code: 263, errmsg: `${name} is not played in a transaction` };
    }
  }

  private async commit(inserts: readonly Insert[]): Promise<Document> {
    for (const { database, collection, documents } of inserts) {
      await this.client.db(database).collection(collection).insertMany(documents);
    }
    this.committed += 1;
    return { ok: 1 };
  }
}
