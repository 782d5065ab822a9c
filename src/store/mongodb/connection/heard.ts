/**
 * What a client has heard of its servers. While it connects, this says when more waiting is of no use. Later it says why a
 * command got no answer.
 */
import { type MongoClient, MongoCompatibilityError, MongoNetworkError, type TopologyDescription } from 'mongodb';
import { messageOf } from '../storeErrors.js';
import { isWritable } from './availability.js';

export class Heard {
  private topology: TopologyDescription | undefined;
  private answered = false;

  constructor(client: MongoClient) {
    client.on('topologyDescriptionChanged', ({ newDescription }) => {
      this.topology = newDescription;
      for (const { type } of newDescription.servers.values()) if (type !== 'Unknown') this.answered = true;
    });
  }

  /** Returns whether any server has answered. */
  get isAnswered(): boolean {
    return this.answered;
  }

  /** Returns an error if every server has answered or failed, and none of them takes writes. */
  refusal(): Error | undefined {
    const servers = [...(this.topology?.servers.values() ?? [])];
    const isHeard = servers.length > 0 && servers.every(({ type, error }) => type !== 'Unknown' || error !== null);
    if (!isHeard || servers.some(isWritable)) return undefined;
    const errors = servers.map(({ error }) => error);
    const tooOld = errors.find((error) => error instanceof MongoCompatibilityError);
    return tooOld ?? new MongoNetworkError(this.trouble() ?? 'no server takes writes');
  }

  /** Returns why no server takes writes, or undefined if one does. */
  trouble(): string | undefined {
    const servers = [...(this.topology?.servers.values() ?? [])];
    if (servers.some(isWritable)) return undefined;
    const failures = new Set(servers.flatMap(({ error }) => (error === null ? [] : [messageOf(error)])));
    if (failures.size > 0) return [...failures].join('; ');
    const known = servers.map(({ address, type }) => `${address} (${type})`).join(', ');
    return known === '' ? undefined : `no server takes writes: ${known}`;
  }
}
