/** The bodies of writing requests: each field is checked, and what is not known is refused. */
import { InvalidOptionError } from '../errors.js';
import { resolveScheduleId } from '../schedules/options.js';
import type { TaskId } from '../task/task.js';
import { taskIdRule } from '../task/taskId.js';
import type { Ejson } from './contract.js';
import { PageError } from './messages.js';
import { idOf } from './payloads.js';

export const BODY_BYTES_MAX = 256 * 1024;
export const LETTERS_MAX = 100;
const TEXT_LENGTH_MAX = 500;
const ISO_LENGTH_MAX = 30;
/** A month, as for the command line. */
const PAUSE_MIN_MS = 1000;
const PAUSE_MAX_MS = 31 * 86_400_000;

function wrong(message: string): PageError {
  return new PageError(400, 'ERR_PAGE_REQUEST', message);
}

export interface NamedTask {
  readonly text: Ejson;
  readonly id: TaskId;
}

export interface ChosenLetter extends NamedTask {
  readonly number: number;
}

export class Body {
  private constructor(private readonly fields: ReadonlyMap<string, unknown>) {}

  /** @throws PageError if it is no object of JSON, or has other fields than these */
  static read(text: string, known: readonly string[]): Body {
    let value: unknown;
    try {
      value = JSON.parse(text === '' ? '{}' : text);
    } catch {
      throw wrong('the body is not JSON');
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong('the body must be an object');
    const fields = new Map(Object.entries(value));
    const unknown = [...fields.keys()].find((name) => !known.includes(name));
    if (unknown === undefined) return new Body(fields);
    const choices = known.length === 0 ? 'it takes none' : `there are ${known.join(', ')}`;
    throw wrong(`the body has the unknown field ${JSON.stringify(unknown.slice(0, 100))}: ${choices}`);
  }

  text(name: string, max = TEXT_LENGTH_MAX): string | undefined {
    const value = this.fields.get(name);
    if (value === undefined) return undefined;
    if (typeof value === 'string' && value !== '' && value.length <= max) return value;
    throw wrong(`${name} must be a text of 1 to ${max} characters`);
  }

  boolean(name: string): boolean {
    const value = this.fields.get(name);
    if (typeof value === 'boolean') return value;
    throw wrong(`${name} must be true or false`);
  }

  isTrue(name: string): boolean {
    const value = this.fields.get(name);
    if (value === undefined) return false;
    if (value === true) return true;
    throw wrong(`${name} must be true, or be left out`);
  }

  /** The term that the viewer saw. */
  term(): number {
    return this.optionalTerm() ?? fail('ifTerm must be the term that was seen: the request is for no other one');
  }

  optionalTerm(): number | undefined {
    const value = this.fields.get('ifTerm');
    if (value === undefined) return undefined;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
    throw wrong('ifTerm must be a number of 0 or more');
  }

  /** Returns a time in ms since 1970. */
  time(name: string): number | undefined {
    const value = this.fields.get(name);
    if (value === undefined) return undefined;
    const time = typeof value === 'string' && value.length <= ISO_LENGTH_MAX ? Date.parse(value) : Number.NaN;
    if (Number.isFinite(time)) return time;
    throw wrong(`${name} must be a time as the page shows it, such as 2026-01-31T12:00:00.000Z`);
  }

  duration(): number | undefined {
    const value = this.fields.get('for');
    if (value === undefined) return undefined;
    if (typeof value === 'number' && value >= PAUSE_MIN_MS && value <= PAUSE_MAX_MS) return value;
    throw wrong(`for must be a number of ms from ${PAUSE_MIN_MS} to ${PAUSE_MAX_MS}`);
  }

  /** The id of a schedule. */
  scheduleId(): string {
    try {
      return resolveScheduleId(this.fields.get('id'));
    } catch (error) {
      throw error instanceof InvalidOptionError ? wrong(error.message) : error;
    }
  }

  /** Returns undefined if there are none. */
  letters(): ChosenLetter[] | undefined {
    const value = this.fields.get('letters');
    if (value === undefined) return undefined;
    if (!Array.isArray(value) || value.length === 0 || value.length > LETTERS_MAX) {
      throw wrong(`letters must be a list of 1 to ${LETTERS_MAX} of them, each with its number and id`);
    }
    return value.map((each: unknown) => {
      if (typeof each !== 'object' || each === null) throw wrong('each of letters must have a number and an id');
      const { number, id } = each as { readonly number?: unknown; readonly id?: unknown };
      return numbered(number, id, 'a letter');
    });
  }

  /** Returns the task that waits by its number and its id. */
  task(): ChosenLetter {
    return numbered(this.fields.get('number'), this.fields.get('id'), 'a task');
  }

  /** Returns the id of the task that is said to be at the head; undefined if none is. */
  head(): NamedTask | undefined {
    const value = this.fields.get('head');
    return value === undefined ? undefined : taskId(value, 'head');
  }
}

function numbered(number: unknown, id: unknown, what: string): ChosenLetter {
  if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 1) {
    throw wrong(`the number of ${what} must be as the page shows it: 1 or more`);
  }
  return { number, ...taskId(id, `the id of ${what}`) };
}

function taskId(text: unknown, what: string): NamedTask {
  const id = idOf(text);
  if (typeof text === 'string' && id !== undefined) return { text, id };
  throw wrong(`${what} must be as the page shows it, as JSON: ${taskIdRule}`);
}

function fail(message: string): never {
  throw wrong(message);
}
