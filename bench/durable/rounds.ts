/** The rounds of an entry that works on a server by itself, without this package's members. */
import { MongoClient } from 'mongodb';
import { tellAndEnd } from '../support/entry.js';
import type { RateReport } from './messages.js';

/** Connects with writes that are stored as safely as ours. */
export function connectSafely(uri: string): Promise<MongoClient> {
  return MongoClient.connect(uri, { writeConcern: { w: 'majority', journal: true } });
}

/** Measures so many rounds, closes the connection, and reports the rates. */
export async function reportRates(
  client: MongoClient,
  rounds: number,
  rate: (round: number) => Promise<number>,
): Promise<void> {
  const rates: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const measured = await rate(round);
    // The first round runs code that is not compiled yet.
    if (round > 0) rates.push(measured);
  }
  await client.close();
  await tellAndEnd<RateReport>({ type: 'report', rates });
}
