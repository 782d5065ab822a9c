/**
 * The documents of both stores, and the check of every one that is read: what another program wrote becomes an
 * `ERR_STORE_DATA` that names the field, not a wrong decision.
 *
 * A document may say by the field `format` how it is to be read; without one it is format 1, and this version writes
 * none. A later version that changes what a document means writes a higher one: then this version refuses to read it
 * (`ERR_NEWER_FORMAT`), and no claim, beat or acknowledgement of it matches, so nothing is overwritten.
 */

import { StoreError } from '../errors.js';
import { type ClusterKind, type Configuration, isKind, kinds } from '../options/configuration.js';
import type { ProcessIdentity } from '../surroundings/processIdentity.js';
import type { TaskId } from '../task/task.js';
import type { Lease, Member, Notice, Progress, TermRecord } from './store.js';

export type Fields = Readonly<Record<string, unknown>>;

/** The life of a store, and how long a member has waited in it, in ms. With 0 it is not settled. */
export interface Epoch {
  readonly epoch: string;
  readonly wait: number;
}

/** Returns whether the store is settled for that wait. */
export function isSettled(epoch: Epoch, wait = 0): boolean {
  return epoch.wait > 0 && epoch.wait >= wait;
}

/** The format that this version reads and writes. */
export const FORMAT = 1;
/** The highest term, beat or number of a task that is taken from a document: there must be room to count on exactly. */
const NUMBER_MAX = 2 ** 52;
/** The longest time to live that the options allow, in ms: a lease with more would never be claimed again. */
const TTL_MAX_MS = 2 ** 32;

/** More settings, and longer ones, than any version of ours writes. */
const SETTINGS_MAX = 20;
const SETTING_LENGTH_MAX = 400;

/** An id as it is stored: as itself, for people to read, except where a store would alter it. */
type StoredId = TaskId | { readonly json: string };

/**
 * Strings with half of a surrogate pair, which UTF-8 cannot say, and numbers that not every server takes or keeps, as
 * JSON that gives them back: JSON reads 1e999 as infinity.
 */
export function storedId(id: TaskId): StoredId {
  if (typeof id === 'string') return /\p{Surrogate}/u.test(id) ? { json: JSON.stringify(id) } : id;
  if (Object.is(id, -0)) return { json: '-0' };
  if (!Number.isFinite(id)) return { json: id > 0 ? '1e999' : '-1e999' };
  return id;
}

/** Returns the fields that a beat sets. */
export function storedProgress(progress: Progress): Fields {
  const { identifier, count, recent } = progress;
  return { identifier: identifier === null ? null : storedId(identifier), count, recent: recent.map(storedId) };
}

/** Returns the fields that a claim sets. */
export function storedLease(lease: Lease): Fields {
  const { term, beat, ack, holder, claim, ttl, configuration, process } = lease;
  return {
    ...{ term, beat, ack, holder, claim, ttl, ...storedProgress(lease) },
    // With the claim: an older version that claims leaves the fields as they are, and they must not count for that claim.
    ...(configuration === undefined ? {} : { configuration: { claim, ...configuration } }),
    ...(process === undefined ? {} : { process: { claim, ...process } }),
  };
}

/** Returns the fields that a release sets. The mark of a death holds for its claim alone, as no later claim takes it away. */
export function storedRelease(died?: string): Fields {
  return died === undefined ? { holder: null } : { holder: null, died };
}

/** Returns the keys of a subsystem's notices, which are among the members' lines. */
export function noticeIds(name: string): string[] {
  return kinds.flatMap((kind) => [noticeKey(name, kind, true), noticeKey(name, kind, false)]);
}

export function noticeId({ name, configuration, wants }: Notice): string {
  return noticeKey(name, configuration.kind, wants);
}

/** Those who want the lease and those who do not have one each, or one would hide the other. */
function noticeKey(name: string, kind: ClusterKind, wants: boolean): string {
  return `notice/${kind}/${wants ? 'wants' : 'differs'}/${name}`;
}

/** Returns the fields of a notice but for its key. It is no line of a member, as it has no host. */
export function storedNotice({ configuration, ...notice }: Notice): Fields {
  return { ...notice, configuration: { ...configuration } };
}

/** Returns whether this version may overwrite what is there. */
export function isOfOurFormat({ format }: Fields): boolean {
  return format === undefined || format === null || format === FORMAT;
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** None for a line that cannot be read: it must not hide those of the other members. */
export function readableIn<Line>(read: () => Line): Line[] {
  try {
    return [read()];
  } catch (error) {
    if (error instanceof StoreError) return [];
    throw error;
  }
}

/** Reads one document; `where` says in an error which it is, such as `lease/billing in mongodb://db/test`. */
export class DocumentReader {
  protected readonly fields: Fields;

  constructor(
    document: unknown,
    protected readonly where: string,
  ) {
    if (!isFields(document)) throw new StoreError('ERR_STORE_DATA', `${where} is not a document`);
    this.fields = document;
    this.checkFormat();
  }

  private checkFormat(): void {
    if (isOfOurFormat(this.fields)) return;
    const format = this.count('format');
    if (format <= FORMAT) throw this.alien('format', `${FORMAT} or more`);
    throw new StoreError(
      'ERR_NEWER_FORMAT',
      `${this.where} is of format ${format}, and this version reads formats up to ${FORMAT}: a newer version of mongo-failover has written it`,
    );
  }

  lease(): Lease {
    const holder = this.fields.holder === null ? null : this.text('holder');
    return {
      term: this.serial('term'),
      beat: this.serial('beat'),
      ack: this.serial('ack'),
      holder,
      claim: this.text('claim'),
      ttl: this.duration('ttl'),
      identifier: this.fields.identifier === null ? null : this.id('identifier', this.fields.identifier),
      count: this.count('count'),
      recent: this.ids('recent'),
      ...this.configurationOf(),
      ...this.processOf(),
      ...(holder === null && this.fields.died === this.fields.claim ? { died: true } : {}),
    };
  }

  /** Nothing if a version wrote it that says something else by it: then the lease's time decides. */
  private processOf(): { process?: ProcessIdentity } {
    const { boot, namespace, pid, start } = this.ofClaim('process') ?? {};
    if (typeof boot !== 'string' || typeof namespace !== 'string' || typeof start !== 'string') return {};
    if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0) return {};
    return { process: { boot, namespace, pid, start } };
  }

  /** Nothing if a version wrote it that says something else by it: the election does without. */
  private configurationOf(): { configuration?: Configuration } {
    const configuration = readConfiguration(this.ofClaim('configuration'));
    return configuration === undefined ? {} : { configuration };
  }

  /** Returns a field that is written with a claim. Nothing if another claim wrote it. */
  private ofClaim(name: string): Fields | undefined {
    const stored = this.fields[name];
    return isFields(stored) && stored.claim === this.fields.claim ? stored : undefined;
  }

  notice(): Notice {
    const { wants } = this.fields;
    const configuration = readConfiguration(this.fields.configuration);
    if (configuration === undefined) throw this.alien('configuration', 'a configuration');
    if (typeof wants !== 'boolean') throw this.alien('wants', 'true or false');
    return {
      name: this.text('name'),
      holder: this.text('holder'),
      configuration,
      ttl: this.duration('ttl'),
      count: this.count('count'),
      wants,
    };
  }

  epoch(): Epoch {
    return { epoch: this.text('epoch'), wait: this.duration('wait') };
  }

  termRecord(): TermRecord {
    return {
      name: this.text('name'),
      term: this.serial('term'),
      holder: this.text('holder'),
      claim: this.text('claim'),
      ttl: this.duration('ttl'),
    };
  }

  member(idField: string): Member {
    const { priority, drained, drain, version } = this.fields;
    return {
      id: this.text(idField),
      name: this.text('name'),
      host: this.text('host'),
      pid: this.count('pid'),
      state: this.text('state'),
      at: this.date('at'),
      // Older versions write none of these.
      ...(typeof priority === 'number' ? { priority } : {}),
      ...(typeof drained === 'boolean' ? { drained } : {}),
      ...(typeof drain === 'string' ? { drain } : {}),
      ...(typeof version === 'string' ? { version } : {}),
    };
  }

  text(name: string): string {
    const value = this.fields[name];
    if (typeof value !== 'string') throw this.alien(name, 'a string');
    return value;
  }

  /** A whole number from 0 on that counts exactly. */
  count(name: string): number {
    const value = this.fields[name];
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
      throw this.alien(name, 'a whole number, 0 or more');
    }
    return value;
  }

  /** A whole number from 0 on that others are counted on from. */
  serial(name: string): number {
    const value = this.count(name);
    if (value > NUMBER_MAX) throw this.alien(name, `a number up to ${NUMBER_MAX}`);
    return value;
  }

  /** Under any other key it could be taken for another document. */
  mustBe(name: string, wanted: string): void {
    if (this.fields[name] !== wanted) throw this.alien(name, JSON.stringify(wanted));
  }

  private duration(name: string): number {
    const value = this.fields[name];
    if (typeof value !== 'number' || !(value >= 0 && value <= TTL_MAX_MS)) throw this.alien(name, 'a time in ms');
    return value;
  }

  /** A date of BSON, or milliseconds since 1970. */
  date(name: string): Date {
    const value = this.fields[name];
    const date = typeof value === 'number' ? new Date(value) : value;
    if (!(date instanceof Date) || Number.isNaN(date.getTime())) throw this.alien(name, 'a date');
    return date;
  }

  private ids(name: string): TaskId[] {
    const value = this.fields[name];
    if (!Array.isArray(value)) throw this.alien(name, 'a list of ids');
    return value.map((item: unknown, index) => this.id(`${name}.${index}`, item));
  }

  protected id(name: string, value: unknown): TaskId {
    const id = isFields(value) ? this.fromJson(name, value.json) : value;
    if (typeof id === 'string' || (typeof id === 'number' && !Number.isNaN(id))) return id;
    throw this.alien(name, 'a string or a number');
  }

  private fromJson(name: string, json: unknown): unknown {
    if (typeof json !== 'string') throw this.alien(name, 'an id');
    try {
      return JSON.parse(json);
    } catch {
      throw this.alien(name, 'an id');
    }
  }

  protected alien(name: string, wanted: string): StoreError {
    return new StoreError('ERR_STORE_DATA', `${this.where}: the field ${name} is not ${wanted}`);
  }
}

/** Returns undefined for what this version does not know. */
function readConfiguration(stored: unknown): Configuration | undefined {
  if (!isFields(stored)) return undefined;
  const { kind, settings } = stored;
  if (!isKind(kind) || !isFields(settings)) return undefined;
  const known = Object.entries(settings).slice(0, SETTINGS_MAX);
  const texts = known.filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return { kind, settings: Object.fromEntries(texts.map(([name, text]) => [name, text.slice(0, SETTING_LENGTH_MAX)])) };
}
