/**
 * The calls for many subsystems, on MongoDB: one `update` or one `find` for all. Each lease stays a document of its own, with
 * its own term and holder; only the command is shared.
 */

import type { StoreError } from '../../errors.js';
import { chunksOf, inTurns } from '../../values/chunks.js';
import { type Fields, noticeIds, storedProgress } from '../documents.js';
import type { Beat, Claiming, ManyStore, Releasing } from '../manyStore.js';
import type { Member, Notice, TermRecord } from '../store.js';
import { type Commands, leaseId, ofOurFormat } from './commands.js';
import { MEMBERS } from './indexes/indexes.js';
import type { Looks } from './looks.js';
import type { ManyClaims } from './manyClaims.js';
import { commandsOf, STATEMENTS_MAX } from './statements.js';

/** Notices in one answer. They are rare: only members that differ from their master write some. */
const NOTICES_MAX = 1000;
/** Where there are more, those of some subsystems are asked for by their ids, so many in one command. */
const NOTICE_IDS_MAX = 4000;
/** Lines of members in one answer, for each name. More are asked for name by name, so many at once: beats share the connections. */
const MEMBERS_EACH = 50;
const NAMES_AT_ONCE = 4;
const NOTICES = { $gte: 'notice/', $lt: 'notice0' };

interface ManyParts {
  readonly commands: Commands;
  readonly looks: Pick<Looks, 'observeAll'>;
  readonly claims: ManyClaims;
  /** Looks soon whether the indexes are there. */
  indexesSoon(): void;
  /** Returns none if it cannot be read. */
  readNotice(document: Fields): Notice[];
  /** Returns none if it cannot be read. */
  readMember(document: Fields): Member[];
  listMembers(name: string): Promise<Member[]>;
}

export class MongodbMany implements ManyStore {
  constructor(private readonly parts: ManyParts) {}

  async beatAll(beats: readonly Beat[]): Promise<(boolean | StoreError)[]> {
    this.parts.indexesSoon();
    const at = new Date();
    const statements = beats.map(({ tenure: { name, term, holder }, beat, progress }) => ({
      q: { _id: leaseId(name), term, holder, ...ofOurFormat },
      u: { $set: { beat, ...storedProgress(progress), at } },
    }));
    return this.parts.claims.updateAll('beat', statements);
  }

  highestTerms(names: readonly string[]): ReturnType<ManyStore['highestTerms']> {
    return this.parts.claims.highestTerms(names);
  }

  claimAll(claims: readonly Claiming[]): ReturnType<ManyStore['claimAll']> {
    return this.parts.claims.claimAll(claims);
  }

  insertTerms(records: readonly TermRecord[]): ReturnType<ManyStore['insertTerms']> {
    return this.parts.claims.insertTerms(records);
  }

  releaseAll(releases: readonly Releasing[]): ReturnType<ManyStore['releaseAll']> {
    return this.parts.claims.releaseAll(releases);
  }

  observeAll(asked: Parameters<ManyStore['observeAll']>[0]): ReturnType<ManyStore['observeAll']> {
    this.parts.indexesSoon();
    return this.parts.looks.observeAll(asked);
  }

  /** Of all subsystems at once, because there are hardly any. */
  async readNoticesOf(names: readonly string[]): Promise<Notice[][]> {
    const { commands, readNotice } = this.parts;
    const found = await commands.find('readNotices', MEMBERS, { _id: NOTICES }, { limit: NOTICES_MAX });
    // Others may have a great many in this store.
    const documents = found.length < NOTICES_MAX ? found : await this.noticesById(names.flatMap(noticeIds));
    const byId = new Map(documents.map((document): [unknown, Fields] => [document._id, document]));
    return names.map((name) =>
      noticeIds(name).flatMap((id) => {
        const document = byId.get(id);
        return document === undefined ? [] : readNotice(document);
      }),
    );
  }

  private async noticesById(ids: readonly string[]): Promise<Fields[]> {
    const read = ($in: readonly string[]) =>
      this.parts.commands.find('readNotices', MEMBERS, { _id: { $in } }, { limit: $in.length });
    return (await inTurns(chunksOf(ids, NOTICE_IDS_MAX), 1, read)).flat();
  }

  /** An answer that is cut is asked for name by name. */
  async listMembersOf(names: readonly string[]): Promise<Member[][]> {
    const { commands, readMember, listMembers } = this.parts;
    const limit = MEMBERS_EACH * names.length;
    const filter = { name: { $in: names } };
    const found = await commands.findWhole('listMembers', MEMBERS, filter, limit);
    if (found === null || found.length === limit) return inTurns(names, NAMES_AT_ONCE, listMembers);
    const byName = new Map(names.map((name): [unknown, Member[]] => [name, []]));
    for (const document of found) byName.get(document.name)?.push(...readMember(document));
    return names.map((name) => byName.get(name) ?? []);
  }

  async putMembers(members: readonly Member[]): Promise<void> {
    const statements = members.map(({ id, ...member }) => ({ q: { _id: id }, u: { $set: member }, upsert: true }));
    for (const part of commandsOf(statements)) {
      const { errors } = await this.parts.commands.updateAll('putMember', MEMBERS, part);
      for (const error of errors.values()) throw error;
    }
  }

  async removeMembers(ids: readonly string[]): Promise<void> {
    for (let at = 0; at < ids.length; at += STATEMENTS_MAX) {
      const some = ids.slice(at, at + STATEMENTS_MAX);
      await this.parts.commands.delete('removeMember', MEMBERS, { _id: { $in: some } }, 0);
    }
  }
}
