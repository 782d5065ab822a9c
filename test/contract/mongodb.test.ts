import { type Document, MongoClient } from 'mongodb';
import { afterAll, inject } from 'vitest';
import { databaseUri } from '../support/database.ts';
import { changesContract } from './changesContract.ts';
import { manyContract } from './manyContract.ts';
import { type OrdersUnderTest, ordersContract } from './ordersContract.ts';
import { outboxContract } from './outboxContract.ts';
import { type OutcomesUnderTest, outcomesContract } from './outcomesContract.ts';
import { relayContract } from './relayContract.ts';
import { type SchedulesUnderTest, scheduleContract } from './scheduleContract.ts';
import { type NewStore, settledContract } from './settledContract.ts';
import { storeContract } from './storeContract.ts';
import { type TaskStoreUnderTest, taskContract } from './taskContract.ts';
import { taskVolume } from './taskVolume.ts';
import { uniqueContract } from './uniqueContract.ts';

const { kind, atomic } = inject('server');

async function setup(): Promise<TaskStoreUnderTest & OrdersUnderTest & OutcomesUnderTest & SchedulesUnderTest> {
  const connectString = databaseUri();
  const client = await new MongoClient(connectString).connect();
  afterAll(() => client.close());
  const collection = (name: string) => client.db().collection<Document & { _id: string }>(name);
  const leases = collection('failover');
  const tamper = async (name: string, _id: string, fields: Record<string, unknown>) => {
    await collection(name).updateOne({ _id }, { $set: fields });
  };
  const stored = async (_id: string) => {
    const found = await leases.findOne({ _id });
    if (found === null) throw new Error('there is no such document');
    return found;
  };
  return {
    options: { kind: 'mongodb', connectString, connectOptions: {}, debug: false },
    atomic,
    tamper: (name, fields) => tamper('failover', `lease/${name}`, fields),
    tamperTask: (name, seq, fields) => tamper('failover_tasks', `${seq}/${name}`, fields),
    tamperOutcome: (name, id, fields) => tamper('failover_outcomes', `${JSON.stringify(id)}/${name}`, fields),
    tamperLetter: (name, seq, fields) => tamper('failover_deadletters', `${seq}/${name}`, fields),
    peek: (name) => stored(`lease/${name}`),
    tamperOrders: (name, fields) => tamper('failover', `orders/${name}`, fields),
    tamperSchedule: (name, id, fields) => tamper('failover_schedules', `${name.length}/${name}/${id}`, fields),
    peekOrders: (name) => stored(`orders/${name}`),
  };
}

async function setupNew(): Promise<NewStore> {
  const connectString = databaseUri();
  const client = await new MongoClient(connectString).connect();
  afterAll(() => client.close());
  return {
    options: { kind: 'mongodb', connectString, connectOptions: {}, debug: false },
    lose: async () => void (await client.db().dropDatabase()),
    async tamper(fields) {
      const leases = client.db().collection<Document & { _id: string }>('failover');
      await leases.updateOne({ _id: 'settled' }, { $set: fields });
    },
  };
}

settledContract(`the epochs of the mongodb store, on ${kind}`, setupNew);
storeContract(`the mongodb store, on ${kind}`, setup);
manyContract(`the calls for many of the mongodb store, on ${kind}`, setup);
ordersContract(`the orders in the mongodb store, on ${kind}`, setup);
taskContract(`the queue in the mongodb store, on ${kind}`, setup);
outboxContract(`the outbox of the mongodb store, on ${kind}`, setup);
relayContract(`what masters move into the queue in the mongodb store, on ${kind}`, setup);
taskVolume(`much in the mongodb store, on ${kind}`, setup);
outcomesContract(`the outcomes in the mongodb store, on ${kind}`, setup);
scheduleContract(`the schedules in the mongodb store, on ${kind}`, setup);
changesContract(`changes of tasks in the mongodb store, on ${kind}`, setup);
uniqueContract(`ids that stay taken in the mongodb store, on ${kind}`, setup);
