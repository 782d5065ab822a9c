import { type Document, MongoClient } from 'mongodb';
import { afterAll, inject } from 'vitest';
import { databaseUri } from '../support/database.ts';
import { storeContract } from './storeContract.ts';

const { kind, atomic } = inject('server');

storeContract(`the mongodb store, on ${kind}`, async () => {
  const connectString = databaseUri();
  const client = await new MongoClient(connectString).connect();
  afterAll(() => client.close());
  const leases = client.db().collection<Document & { _id: string }>('failover');
  return {
    options: { kind: 'mongodb', connectString, connectOptions: {}, debug: false },
    atomic,
    async tamper(name, fields) {
      await leases.updateOne({ _id: `lease/${name}` }, { $set: fields });
    },
    async peek(name) {
      const lease = await leases.findOne({ _id: `lease/${name}` });
      if (lease === null) throw new Error('there is no such lease');
      return lease;
    },
  };
});
