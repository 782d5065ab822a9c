/**
 * The calls for many subsystems, on MongoDB: one `update` or one `find` for all. Each lease stays a document of its own, with
 * its own term and holder; only the command is shared.
 */
import { StoreError } from '../../errors.js';
import { bson } from '../../task/bson.js';
import { type Fields, isFields, noticeIds, storedProgress } from '../documents.js';
import type { Beat, ManyStore } from '../manyStore.js';
import { byLook, bySum, type Match } from '../matches.js';
import type { Member, Notice } from '../store.js';
import { type Commands, LEASES, leaseId, ofOurFormat } from './commands.js';
import { MEMBERS } from './indexes/indexes.js';
import type { Looks } from './looks.js';

const STATEMENTS_MAX = 1000;
/** Of one command. One that is larger holds up the others for too long. */
const BYTES_MAX = 512 * 1024;
/** Notices in one answer. They are rare: only members that differ from their master write some. */
const NOTICES_MAX = 1000;
const NOTICES = { $gte: 'notice/', $lt: 'notice0' };

interface ManyParts {
  readonly commands: Commands;
  readonly looks: Pick<Looks, 'observeAll'>;
  /** Looks soon whether the indexes are there. */
  indexesSoon(): void;
  /** Returns none if it cannot be read. */
  readNotice(document: Fields): Notice[];
  readNotices(name: string): Promise<Notice[]>;
}

interface Statement {
  readonly q: Fields;
  readonly u: Fields;
  readonly upsert?: boolean;
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
    let from = 0;
    const outcomes = commandsOf(statements).map((part) => {
      const own = beats.slice(from, from + part.length);
      from += part.length;
      return this.beatPart(own, part);
    });
    return (await Promise.all(outcomes)).flat();
  }

  observeAll(asked: Parameters<ManyStore['observeAll']>[0]): ReturnType<ManyStore['observeAll']> {
    this.parts.indexesSoon();
    return this.parts.looks.observeAll(asked);
  }

  /** Of all subsystems at once, because there are hardly any. */
  async readNoticesOf(names: readonly string[]): Promise<Notice[][]> {
    const { commands, readNotice, readNotices } = this.parts;
    const found = await commands.find('readNotices', MEMBERS, { _id: NOTICES }, { limit: NOTICES_MAX });
    // Others may have a great many in this store.
    if (found.length === NOTICES_MAX) return Promise.all(names.map((name) => readNotices(name)));
    const byId = new Map(found.map((document): [unknown, Fields] => [document._id, document]));
    return names.map((name) =>
      noticeIds(name).flatMap((id) => {
        const document = byId.get(id);
        return document === undefined ? [] : readNotice(document);
      }),
    );
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

  /** What a command that fails would have said is the error, for those alone that were sent with it. */
  private async beatPart(beats: readonly Beat[], statements: readonly Statement[]): Promise<(boolean | StoreError)[]> {
    const { commands } = this.parts;
    try {
      return await commands.withTimeLimit('beat', () => this.beatTogether(beats, statements));
    } catch (error) {
      if (error instanceof StoreError) return beats.map(() => error);
      throw error;
    }
  }

  private async beatTogether(
    beats: readonly Beat[],
    statements: readonly Statement[],
  ): Promise<(boolean | StoreError)[]> {
    const { matched, errors } = await this.parts.commands.updateAll('beat', LEASES, statements);
    const sent = beats.filter((_, index) => !errors.has(index));
    const all = bySum(sent.length, matched);
    const matches: readonly Match[] = all === null ? await this.ask(matched, sent) : sent.map(() => all);
    let next = 0;
    return beats.map((_, index) => {
      const error = errors.get(index);
      if (error !== undefined) return error;
      const match = matches[next] ?? null;
      next += 1;
      return match ?? this.unknown(matched, sent.length);
    });
  }

  private async ask(matched: number, beats: readonly Beat[]): Promise<Match[]> {
    const ids = beats.map(({ tenure }) => leaseId(tenure.name));
    const projection = { term: 1, holder: 1, beat: 1 };
    const filter = { _id: { $in: ids } };
    const found = await this.parts.commands.find('beat', LEASES, filter, { projection, limit: ids.length });
    const byId = new Map(found.map((document): [unknown, Fields] => [document._id, document]));
    const shown = beats.map(({ tenure: { name, term, holder }, beat }) => {
      const lease = byId.get(leaseId(name));
      return isFields(lease) && lease.term === term && lease.holder === holder && lease.beat === beat;
    });
    return byLook(matched, shown);
  }

  private unknown(matched: number, sent: number): StoreError {
    const why = `of ${sent} leases in one command ${matched} were as they should be, and a look does not tell which`;
    return this.parts.commands.unavailable('beat', why);
  }
}

/** Cuts statements into commands of a bounded size, in order. */
function commandsOf<S extends Statement>(statements: readonly S[]): S[][] {
  const commands: S[][] = [];
  let bytes = 0;
  for (const statement of statements) {
    const size = bson.calculateObjectSize(statement);
    const last = commands.at(-1);
    if (last === undefined || last.length >= STATEMENTS_MAX || bytes + size > BYTES_MAX) {
      commands.push([statement]);
      bytes = size;
    } else {
      last.push(statement);
      bytes += size;
    }
  }
  return commands;
}
