/**
 * Notices when the database is found back after it was away, from what the driver's monitors see and from calls that
 * went unanswered, and says so once for each time.
 */
import type { MongoClient, ServerDescription } from 'mongodb';

export class Availability {
  private away = false;
  private readonly listeners = new Set<() => void>();

  onAvailable(listener: () => void): () => void {
    // A function of its own for each, so one listener may be added twice.
    const call = () => listener();
    this.listeners.add(call);
    return () => this.listeners.delete(call);
  }

  watch(client: MongoClient): void {
    client.on('serverDescriptionChanged', ({ previousDescription, newDescription }) => {
      if (isWritable(previousDescription) && !isWritable(newDescription)) this.lost();
      if (isWritable(newDescription)) this.found();
    });
    // After a call that went unanswered while the monitor saw nothing of it, the description does not change.
    client.on('serverHeartbeatSucceeded', ({ reply }) => {
      const primary: unknown = reply.isWritablePrimary;
      if (primary === true) this.found();
    });
  }

  /** Notes that something went unanswered, so the next sign of life is news. */
  lost(): void {
    this.away = true;
  }

  found(): void {
    if (!this.away) return;
    this.away = false;
    for (const listener of this.listeners) listener();
  }
}

export function isWritable({ type }: ServerDescription): boolean {
  return type === 'Standalone' || type === 'RSPrimary' || type === 'Mongos' || type === 'LoadBalancer';
}
