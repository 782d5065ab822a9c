/**
 * Entry: the limit of a server. It inserts the documents that stored tasks are, in commands of 1,000, one after another,
 * into a collection without an index of its own, and nothing else is done.
 */
import { storedId } from '../../src/store/documents.js';
import { taskKey } from '../../src/store/mongodb/tasks/taskReads.js';
import { encodeTask } from '../../src/task/taskCodec.js';
import { settingsOf } from '../support/entry.js';
import type { RawInsertSettings } from './messages.js';
import { connectSafely, reportRates } from './rounds.js';

/** Documents of a command. */
const INSERTED = 1000;

interface TaskDocument {
  readonly _id: string;
  readonly [field: string]: unknown;
}

const { uri, rounds, tasks } = settingsOf<RawInsertSettings>();
const client = await connectSafely(uri);

function documentOf(id: number): TaskDocument {
  const seq = id + 1;
  const payload = encodeTask({ id }, 1024, (most, write) => {
    const bytes = new Uint8Array(most);
    return bytes.subarray(0, write(bytes, 0));
  });
  const key = storedId(id);
  return { _id: taskKey('durable', seq), name: 'durable', seq, key, payload, attempts: 0, deaths: 0, at: new Date() };
}

async function rate(round: number): Promise<number> {
  const collection = client.db().collection<TaskDocument>(`raw_${round}`);
  await collection.insertOne(documentOf(tasks));
  const from = performance.now();
  for (let first = 0; first < tasks; first += INSERTED) {
    const length = Math.min(INSERTED, tasks - first);
    await collection.insertMany(Array.from({ length }, (_, index) => documentOf(first + index)));
  }
  return (tasks / (performance.now() - from)) * 1000;
}

await reportRates(client, rounds, rate);
