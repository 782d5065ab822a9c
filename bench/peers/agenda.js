/**
 * Entry: Agenda, the jobs of a round one after another. They are stored before the clock starts, which is in its favour,
 * and their work is an empty function on the main thread, which is, too. A round has a collection of its own.
 */
import { MongoBackend } from '@agendajs/mongo-backend';
import { Agenda } from 'agenda';
import { MongoClient } from 'mongodb';
import { settingsOf, tellAndEnd } from './entry.js';

/** How many calls store jobs at once. */
const STORING = 16;

const { uri, rounds, jobs, concurrency } = settingsOf();
const client = await MongoClient.connect(uri, { writeConcern: { w: 'majority', journal: true } });

async function rate(round) {
  const agenda = new Agenda({
    backend: new MongoBackend({ mongo: client.db(), collection: `agenda_${round}` }),
    // Its default of 5 s would be waited for between two looks.
    processEvery: 100,
    defaultConcurrency: concurrency,
    maxConcurrency: concurrency,
    removeOnComplete: true,
  });
  agenda.on('error', (error) => console.error(`agenda: ${error.message}`));
  await agenda.ready;
  let done = 0;
  const all = new Promise((resolve) => {
    agenda.on('complete', () => {
      done += 1;
      if (done === jobs) resolve(undefined);
    });
  });
  agenda.define('work', async (job) => job.attrs.data.id >= 0);
  let next = 0;
  const store = async () => {
    while (next < jobs) await agenda.now('work', { id: next++ });
  };
  await Promise.all(Array.from({ length: STORING }, store));
  const from = performance.now();
  await agenda.start();
  await all;
  const seconds = (performance.now() - from) / 1000;
  await agenda.stop();
  return jobs / seconds;
}

const rates = [];
// The first round runs code that is not compiled yet.
for (let round = 0; round <= rounds; round++) {
  const measured = await rate(round);
  if (round > 0) rates.push(measured);
}
await client.close();
await tellAndEnd({ rates });
