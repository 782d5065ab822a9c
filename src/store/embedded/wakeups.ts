/**
 * How the members that share a folder wake each other: a file beside the store, which all watch, and to which a member writes
 * when it has changed something. It has a mark for each slot of names, so a member that wakes knows what to look at. Nothing
 * depends on it: if a mark is lost, members look after POLL. Where a file cannot be watched, or written, nothing happens.
 *
 * The file is no part of the store: it is not looked for before the store is opened, and a member that finds it gone makes another.
 */
import {
  closeSync,
  constants,
  type FSWatcher,
  fstatSync,
  openSync,
  readSync,
  statSync,
  watch,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { HintTopic } from '../store.js';
import type { CallName } from './calls.js';

export const WAKE_UPS_FILE = 'wakeups';

/** The least time between two writes of one thread, and between two times that it tells what it saw, in ms. */
const PAUSE_MS = 1;
/** Names that fall on one slot wake each other without need. With the two topics, these marks fill a page of memory. */
const SLOTS = 512;
const MARK_BYTES = 4;
/** The slot for the leases of all names, behind the others: earlier versions do not read it. */
export const ALL_LEASES = 2 * SLOTS;
const FILE_BYTES = (ALL_LEASES + 1) * MARK_BYTES;

const topics: readonly HintTopic[] = ['lease', 'tasks'];

/** Returns the place of the mark for this topic of that name. */
export function slotOf(name: string, topic: HintTopic): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < name.length; index++) hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
  return ((hash >>> 0) % SLOTS) * topics.length + topics.indexOf(topic);
}

export function topicOf(slot: number): HintTopic {
  return slot % topics.length === 0 ? 'lease' : 'tasks';
}

/** Which mark a call that had this answer changes; undefined if no member waits for what it did. */
export function slotToMark(call: CallName, args: readonly unknown[], answer: unknown): number | undefined {
  const name = nameOf(args);
  switch (call) {
    case 'release':
    case 'releaseDead':
    case 'writeOrders':
      return answer === true ? slotOf(name, 'lease') : undefined;
    case 'insertTerm':
      return isInserted(answer) ? slotOf(name, 'lease') : undefined;
    case 'addTasks':
    case 'relayTasks':
      return Array.isArray(answer) && answer.some((number) => number > 0) ? slotOf(name, 'tasks') : undefined;
    // A head that blocks the queue may be tried again.
    case 'clearAttempts':
      return slotOf(name, 'tasks');
    // It concerns a host or a process, with members of any names.
    case 'putDrain':
    case 'removeDrain':
      return ALL_LEASES;
    default:
      return undefined;
  }
}

/** Which marks a call that had this answer changes. */
export function slotsToMark(call: CallName, args: readonly unknown[], answer: unknown): number[] {
  return marksOf(call, args, answer).map(({ slot }) => slot);
}

/** A mark, and the name that it is for; that is empty if it is for all. */
interface Mark {
  readonly slot: number;
  readonly name: string;
}

export function marksOf(call: CallName, args: readonly unknown[], answer: unknown): Mark[] {
  const single = call === 'releaseAll' ? 'release' : call === 'insertTerms' ? 'insertTerm' : null;
  if (single === null) {
    const slot = slotToMark(call, args, answer);
    return slot === undefined ? [] : [{ slot, name: slot === ALL_LEASES ? '' : nameOf(args) }];
  }
  const [asked] = args;
  if (!Array.isArray(asked) || !Array.isArray(answer)) return [];
  return asked.flatMap((about: unknown, index) => {
    const told: unknown = answer[index];
    const value = typeof told === 'object' && told !== null && 'value' in told ? told.value : undefined;
    return marksOf(single, [tenureIn(about)], value);
  });
}

/** Releases name their lease by a tenure, and records by themselves. */
function tenureIn(about: unknown): unknown {
  return typeof about === 'object' && about !== null && 'tenure' in about ? about.tenure : about;
}

function nameOf([about]: readonly unknown[]): string {
  return typeof about === 'string' ? about : nameIn(about);
}

function nameIn(about: unknown): string {
  return typeof about === 'object' && about !== null && 'name' in about ? String(about.name) : '';
}

function isInserted(answer: unknown): boolean {
  return typeof answer === 'object' && answer !== null && 'inserted' in answer && answer.inserted === true;
}

export interface WakeupsParts {
  /** Monotonic ms. */
  now(): number;
  after(ms: number, callback: () => void): void;
  /** Returns a number from 0 up to 1. */
  random(): number;
  /** Called with the slots that others have marked. */
  heard(slots: number[]): void;
  /** That of `node:fs` by default. */
  watch?(file: string, options: { readonly persistent: false }, changed: () => void): FSWatcher;
}

/** The file as one thread has it open. None of its methods throws. */
export class Wakeups {
  private readonly file: string;
  private descriptor: number | undefined;
  private watcher: FSWatcher | undefined;
  private closed = false;
  /** What this thread knows of the file; undefined before it has read it. It is kept while the file cannot be watched. */
  private known: Buffer | undefined;
  private readonly toMark = new Set<number>();
  private readonly toTell = new Set<number>();
  private readonly writing: Paced;
  private readonly telling: Paced;

  constructor(
    folder: string,
    private readonly parts: WakeupsParts,
  ) {
    this.file = join(folder, WAKE_UPS_FILE);
    this.writing = new Paced(PAUSE_MS, parts, () => this.write());
    this.telling = new Paced(PAUSE_MS, parts, () => this.tell());
    this.open();
  }

  /** Wakes those who wait for this. */
  mark(slot: number): void {
    if (this.descriptor === undefined) return;
    this.toMark.add(slot);
    this.writing.soon();
  }

  /** Opens the file again if it was removed, or replaced, and watches it if it could not before; to be called each second. */
  renew(): void {
    if (this.closed) return;
    if (!this.isOpen()) {
      this.letGo();
      this.open();
    } else if (this.watcher === undefined) this.listen();
  }

  close(): void {
    this.closed = true;
    this.write();
    this.letGo();
  }

  private isOpen(): boolean {
    try {
      if (this.descriptor === undefined) return false;
      const here = statSync(this.file);
      const open = fstatSync(this.descriptor);
      return here.ino === open.ino && here.dev === open.dev;
    } catch {
      return false;
    }
  }

  private open(): void {
    try {
      const { O_RDWR, O_CREAT, O_NOFOLLOW = 0 } = constants;
      this.descriptor = openSync(this.file, O_RDWR | O_CREAT | O_NOFOLLOW, 0o666);
      if (!fstatSync(this.descriptor).isFile()) return this.letGo();
      this.known ??= this.read();
    } catch {
      // There are no rights, or there is no space.
      return this.letGo();
    }
    this.listen();
  }

  private listen(): void {
    const { watch: begin = watch } = this.parts;
    try {
      // Not persistent: it keeps nothing alive.
      this.watcher = begin(this.file, { persistent: false }, () => this.changed());
      this.watcher.on('error', () => this.letGo());
    } catch {
      // No more files may be watched. The others can be woken nevertheless.
      return;
    }
    // What was marked since the file was read, and before it was watched.
    this.changed();
  }

  private letGo(): void {
    try {
      this.watcher?.close();
      if (this.descriptor !== undefined) closeSync(this.descriptor);
    } catch {
      // It is of no use any more, however it ends.
    }
    this.watcher = undefined;
    this.descriptor = undefined;
  }

  private read(): Buffer {
    const marks = Buffer.alloc(FILE_BYTES);
    if (this.descriptor !== undefined) readSync(this.descriptor, marks, 0, FILE_BYTES, 0);
    return marks;
  }

  private write(): void {
    if (this.toMark.size === 0) return;
    // What others have marked by now would be written over before it is seen.
    this.changed();
    const { known: marks } = this;
    try {
      for (const slot of this.toMark) {
        if (this.descriptor === undefined || marks === undefined) break;
        const at = slot * MARK_BYTES;
        // Any other number will do. One counted up could be the same that another member writes.
        marks.writeUInt32LE(Math.floor(this.parts.random() * 2 ** 32), at);
        writeSync(this.descriptor, marks, at, MARK_BYTES, at);
      }
    } catch {
      this.letGo();
    }
    this.toMark.clear();
  }

  private changed(): void {
    const { descriptor, known } = this;
    if (descriptor === undefined || known === undefined) return;
    try {
      const marks = this.read();
      for (let slot = 0; slot < FILE_BYTES / MARK_BYTES; slot++) {
        const at = slot * MARK_BYTES;
        if (marks.readUInt32LE(at) !== known.readUInt32LE(at)) this.toTell.add(slot);
      }
      this.known = marks;
    } catch {
      return this.letGo();
    }
    if (this.toTell.size > 0) this.telling.soon();
  }

  private tell(): void {
    const slots = [...this.toTell];
    this.toTell.clear();
    if (slots.length > 0 && !this.closed) this.parts.heard(slots);
  }
}

/** Runs at once, or so long after it last ran. */
class Paced {
  private ranAt = Number.NEGATIVE_INFINITY;
  private waiting = false;

  constructor(
    private readonly pause: number,
    private readonly parts: Pick<WakeupsParts, 'now' | 'after'>,
    private readonly run: () => void,
  ) {}

  soon(): void {
    if (this.waiting) return;
    const left = this.ranAt + this.pause - this.parts.now();
    if (left <= 0) return this.go();
    this.waiting = true;
    this.parts.after(Math.ceil(left), () => {
      this.waiting = false;
      this.go();
    });
  }

  private go(): void {
    this.ranAt = this.parts.now();
    this.run();
  }
}
