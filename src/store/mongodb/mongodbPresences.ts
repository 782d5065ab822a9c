/** The lines of processes, in MongoDB: among those of the members. */
import { type Fields, readableIn } from '../documents.js';
import type { Presence } from '../presence.js';
import { PRESENCES_MAX, PresenceReader, presenceId, presenceIds, storedPresence } from '../presenceDocuments.js';
import type { Commands } from './commands.js';
import { MEMBERS } from './indexes/indexes.js';

export class MongodbPresences {
  constructor(private readonly commands: Commands) {}

  async putPresence(presence: Presence): Promise<void> {
    const fields = { ...storedPresence(presence), at: new Date() };
    await this.commands.update('putPresence', MEMBERS, { _id: presenceId(presence.key) }, { $set: fields }, true);
  }

  /** The candidacies of a set are long and change rarely, so they are read by a second command, and only when they are new. */
  async readPresences(known: readonly string[]): Promise<Presence[]> {
    const range = { _id: { $gte: presenceIds.from, $lt: presenceIds.below } };
    const lines = await this.find(range, { limit: PRESENCES_MAX, projection: { groups: 0 } });
    const bySet = new Map(lines.filter(({ set }) => !known.includes(set)).map((line) => [line.set, line]));
    if (bySet.size === 0) return lines;
    const ids = [...bySet.values()].map(({ key }) => presenceId(key));
    const whole = await this.find({ _id: { $in: ids } }, { limit: ids.length });
    // By what they say now: a line may have changed between the two reads.
    const candidacies = new Map(whole.map((line) => [line.set, line.candidacies]));
    return lines.map((line) => {
      const found = candidacies.get(line.set);
      return found === undefined ? line : { ...line, candidacies: found };
    });
  }

  private async find(filter: Fields, options: Fields): Promise<Presence[]> {
    const found = await this.commands.find('readPresences', MEMBERS, filter, options);
    return found.flatMap((document) =>
      readableIn(() => new PresenceReader(document, this.commands.where(document._id)).presence()),
    );
  }
}
