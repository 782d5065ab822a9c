/** Which commands the servers of a client know that take writes, by the version of the protocol that they tell the driver. */
import type { MongoClient } from 'mongodb';
import { isWritable } from './availability.js';

export class WireVersions {
  private readonly versions = new Map<string, number>();

  watch(client: MongoClient): void {
    client.on('serverDescriptionChanged', ({ address, newDescription }) => {
      if (isWritable(newDescription)) this.versions.set(address, newDescription.maxWireVersion);
      else this.versions.delete(address);
    });
  }

  /** That of all of them: 0 while there is none. */
  get least(): number {
    return this.versions.size === 0 ? 0 : Math.min(...this.versions.values());
  }
}
