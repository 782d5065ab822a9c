/**
 * The change streams of one coordinator, on a client of their own: a beat never waits for one of its connections. The client
 * lives as long as its streams, and the first that ends takes all with it.
 */
import { type AggregationCursor, MongoClient } from 'mongodb';
import type { Fields } from '../../documents.js';
import type { HintTopic, WantedHints } from '../../store.js';
import { logCommands } from '../connection/commandLog.js';
import type { Settings } from '../settings.js';
import { collections, filterOf, topics } from './changes.js';

/** How long a server waits for a change before it says that there is none, in ms. */
export const AWAIT_MS = 5000;
/** How much longer an answer may take until its connection counts as dead, in ms. */
const SILENCE_MAX_MS = 10_000;
/** Changes in one answer. */
const BATCH_MAX = 1000;
/** One for each stream, and one to end them with. */
const CONNECTIONS = topics.length + 1;
/** How often the driver looks whether a server is there, in ms. Streams notice by themselves that theirs is gone. */
const MONITOR_PERIOD_MS = 10_000;

/** Streams that are open, or open with the first call of `next`. */
export interface Streams {
  /** Resolves with changes, in order; with none if there were none for a while. Rejects when the stream has ended. */
  next(topic: HintTopic): Promise<readonly Fields[]>;
  /** Ends all, also calls that wait. Never rejects. */
  close(): Promise<void>;
}

export type OpenStreams = (wanted: WantedHints) => Streams;

/** Returns how streams are opened on the database of these settings. */
export function streamsOf(settings: Settings): OpenStreams {
  return (wanted) => new ServerStreams(settings, wanted);
}

class ServerStreams implements Streams {
  private readonly client: MongoClient;
  private readonly cursors = new Map<HintTopic, AggregationCursor<Fields>>();

  constructor(
    settings: Settings,
    private readonly wanted: WantedHints,
  ) {
    const { connectString, clientOptions, secrets, debug, connectSteps } = settings;
    this.client = new MongoClient(connectString, {
      ...clientOptions,
      ...{ minPoolSize: 0, maxPoolSize: CONNECTIONS, maxConnecting: CONNECTIONS },
      ...{ heartbeatFrequencyMS: MONITOR_PERIOD_MS, serverMonitoringMode: 'poll' },
      ...{ connectTimeoutMS: Math.max(...connectSteps), socketTimeoutMS: AWAIT_MS + SILENCE_MAX_MS },
      waitQueueTimeoutMS: SILENCE_MAX_MS,
    });
    // The driver emits what it also throws.
    this.client.on('error', () => {});
    if (debug) logCommands(this.client, secrets);
  }

  async next(topic: HintTopic): Promise<readonly Fields[]> {
    const cursor = this.cursors.get(topic) ?? this.open(topic);
    const first = await cursor.tryNext();
    if (first !== null) return [first, ...cursor.readBufferedDocuments()];
    if (cursor.closed) throw new Error('the server has ended the change stream');
    return [];
  }

  private open(topic: HintTopic): AggregationCursor<Fields> {
    const pipeline = [{ $changeStream: {} }, ...filterOf(topic, this.wanted[topic])];
    const cursor = this.client
      .db()
      .collection(collections[topic])
      .aggregate<Fields>(pipeline, {
        ...{ maxAwaitTimeMS: AWAIT_MS, batchSize: BATCH_MAX },
        // Of any other the server opens no stream.
        readConcern: { level: 'majority' },
      });
    this.cursors.set(topic, cursor);
    return cursor;
  }

  async close(): Promise<void> {
    await this.client.close().catch(() => {});
  }
}
