/**
 * What the page and its server say to each other, as JSON. All addresses are relative to that of the page. A time is an ISO
 * text, a duration is in ms, and a value of a task (an id, a payload) is a text of EJSON. None of it is ever read as HTML.
 *
 *   ./api/overview                                          Overview
 *   ./api/subsystems/NAME                                   Details
 *   ./api/subsystems/NAME/tasks?after=N                     TaskPage
 *   ./api/subsystems/NAME/letters?after=N                   LetterPage
 *   ./api/events, ./api/events?name=NAME                    a stream: `StreamEvents` by the names of its events
 *   POST ./api/subsystems/NAME/hand-over                    HandOverBody → Answer
 *   POST ./api/subsystems/NAME/pause, /resume               PauseBody, ResumeBody → Answer
 *   POST ./api/subsystems/NAME/requeue, /discard            LettersBody → LettersAnswer
 *   POST ./api/subsystems/NAME/pause-schedule               PauseScheduleBody → Answer
 *   POST ./api/subsystems/NAME/resume-schedule              ResumeScheduleBody → Answer
 *   POST ./api/subsystems/NAME/delete-schedule              TriggerBody → Answer
 *   POST ./api/subsystems/NAME/trigger                      TriggerBody → TriggerAnswer
 *   POST ./api/subsystems/NAME/cancel                       CancelBody → CancelAnswer
 *   POST ./api/drain, ./api/undrain                         DrainBody → Answer
 *
 * NAME is encoded by `encodeURIComponent`. Addresses lose the names `.` and `..`, and some proxies decode `%2F`, so each of
 * these takes `?name=NAME` too, with `-` in the place of NAME: `./api/subsystems/-/tasks?name=a%2Fb&after=7`.
 *
 * A writing request is JSON, is of the same origin, and has the header `x-mongo-failover: 1`. With a token, each request has
 * `authorization: Bearer TOKEN`. All that is not 200 is a `Refused`.
 */

import type { PageAction } from '../options/pageActions.js';

export type Iso = string;
/** A value in canonical EJSON, such as `7`, `"a"` or `{"$oid":"…"}`. Numbers and texts differ by the quotes. */
export type Ejson = string;

/** `overdue`: held, and no beat has come for longer than the lease lasts, by the wall clocks. */
export type RowState = 'held' | 'released' | 'overdue' | 'none' | 'unreadable';

export interface Row {
  readonly name: string;
  readonly kind: 'unmanaged' | 'memory' | 'durable' | null;
  readonly state: RowState;
  readonly master: { readonly id: string; readonly host: string | null; readonly pid: number | null } | null;
  /** 0 before the first mastership. */
  readonly term: number;
  /** When the lease was last written. */
  readonly at: Iso | null;
  /** How long ago that was, as of `at` of the answer. The page counts on from there. */
  readonly age: number | null;
  readonly ttl: number | null;
  /** Null if tasks are in memory, or there is no queue. */
  readonly queued: number | null;
  readonly headAge: number | null;
  /** Counted up to `deadMax` of the overview; there may be more. */
  readonly dead: number;
  readonly members: number;
  readonly pause: PauseRow | null;
  readonly handOver: HandOverRow | null;
  /** Why something of it cannot be read. */
  readonly problem: string | null;
  /** Why no task begins, as the end of a sentence that begins with the name; null if nothing holds it up. */
  readonly blocked: string | null;
}

export interface PauseRow {
  readonly by: string;
  readonly reason: string | null;
  readonly at: Iso;
  readonly until: Iso | null;
  /** Whether no member is to be master, either. */
  readonly standby: boolean;
}

export interface HandOverRow {
  readonly term: number;
  readonly to: string | null;
  readonly by: string;
  readonly reason: string | null;
  readonly at: Iso;
  readonly state: 'asked' | 'accepted' | 'refused' | 'done';
  readonly why: string | null;
}

/** What a viewer may do: only what is in the list of the overview has a route that answers. */
export type { PageAction };

export interface Overview {
  /** By the clock of the server. */
  readonly at: Iso;
  readonly title: string | null;
  /** The store as messages call it, without a password. */
  readonly store: string;
  /** Of this package. */
  readonly version: string;
  readonly actions: readonly PageAction[];
  /** Whether payloads are shown. */
  readonly payloads: boolean;
  /** The name that `authorize` gave. */
  readonly viewer: string | null;
  readonly subsystems: readonly Row[];
  /** There are more subsystems than are shown. */
  readonly truncated: boolean;
  readonly deadMax: number;
  readonly drains: readonly DrainRow[];
  /** Why the store could not be read; `subsystems` is then what was seen last. */
  readonly problem: string | null;
}

export interface DrainRow {
  /** Such as `host/NAME`: give it to `undrain`. */
  readonly key: string;
  readonly by: string;
  readonly reason: string | null;
  readonly at: Iso;
}

export interface MemberRow {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  readonly state: string;
  /** When it last wrote its line, by its own clock. */
  readonly at: Iso;
  /** Null if its version does not say. */
  readonly drained: boolean | null;
  /** Null if its version does not say. */
  readonly priority: number | null;
  /** Which version of this package it runs; null if that does not say. */
  readonly version: string | null;
}

export interface TermRow {
  readonly term: number;
  readonly holder: string;
  /** When it was won. */
  readonly at: Iso | null;
  /** When it ended: seen while someone looked, else at the latest, which is when the next one began; null: it lasts. */
  readonly until: Iso | null;
  /** Whether the end was seen. */
  readonly isSeen: boolean;
}

/** A time without a master. `to`: null while it lasts. */
export interface Gap {
  readonly from: Iso;
  readonly to: Iso | null;
}

export interface QueueRow {
  readonly queued: number;
  readonly done: number;
  readonly headAt: Iso | null;
  readonly headAge: number | null;
  /** The head of the queue, while it may run. `since`: when it was first seen at the head, by someone who looked. */
  readonly running: { readonly id: Ejson; readonly attempt: number; readonly since: Iso | null } | null;
  readonly blocked: string | null;
}

export interface ScheduleRow {
  readonly id: string;
  readonly pattern: string;
  readonly timeZone: string;
  /** Null if there is none, or the schedule is paused or parked. */
  readonly next: Iso | null;
  /** The last slot that got a task. */
  readonly last: Iso | null;
  /** How often slots were missed and got no task, and when that was last found. */
  readonly missed: number;
  readonly missedAt: Iso | null;
  /** Whether it sleeps because no member has had it in its program for a day. */
  readonly parked: boolean;
  readonly paused: { readonly by: string; readonly reason: string | null; readonly at: Iso } | null;
}

export interface SchedulesSeen {
  /** In the order of their ids, 200 at most. */
  readonly rows: readonly ScheduleRow[];
  /** How many more there are. */
  readonly left: number;
  /** Why they cannot be read, such as a right that the user of the page lacks. */
  readonly problem: string | null;
}

export interface Details {
  readonly at: Iso;
  readonly row: Row;
  /** How the master is configured. */
  readonly settings: Readonly<Record<string, string>>;
  readonly memberList: readonly MemberRow[];
  /** The newest first, 50 at most. */
  readonly terms: readonly TermRow[];
  /** The newest first: those that were seen, and the one that lasts. */
  readonly gaps: readonly Gap[];
  /** Null without a queue in the store. */
  readonly queue: QueueRow | null;
  /** Null where there cannot be any: they need a queue in the store. */
  readonly schedules: SchedulesSeen | null;
  /** How late the beats of this process are, in ms, as upper bounds: only if the master is in the process that serves the page. */
  readonly lateness: { readonly p50: number; readonly p99: number; readonly max: number } | null;
}

export interface PayloadText {
  /** Missing if payloads are not shown. */
  readonly payload?: Ejson;
  /** The payload is only the beginning. */
  readonly cut?: boolean;
}

export interface TaskRow extends PayloadText {
  readonly number: number;
  readonly id: Ejson;
  readonly at: Iso;
  readonly attempts: number;
}

export interface LetterRow extends PayloadText {
  readonly number: number;
  readonly id: Ejson;
  /** When it was given up. */
  readonly at: Iso;
  readonly attempts: number;
  readonly error: { readonly name: string; readonly message: string; readonly code: string | null };
}

export interface EntryPage<Entry> {
  readonly entries: readonly Entry[];
  /** To be given as `after`; null if these are the last ones. */
  readonly next: number | null;
}
export type TaskPage = EntryPage<TaskRow>;
export type LetterPage = EntryPage<LetterRow>;

/** After the first `overview`, which is whole: only what has changed. */
export interface OverviewChange {
  readonly at: Iso;
  readonly changed: readonly Row[];
  readonly gone: readonly string[];
  /** Missing if they are as they were. */
  readonly drains?: readonly DrainRow[];
}

/** The data of each event is JSON. Ages alone make no event. A comment comes every 15 s. */
export interface StreamEvents {
  readonly overview: Overview | OverviewChange;
  /** Only with `?name=`. Null: the store knows nothing of it. */
  readonly subsystem: Details | null;
  /** The store cannot be read, and why; null: it can be read again. */
  readonly problem: { readonly at: Iso; readonly message: string | null };
}

export interface HandOverBody {
  /** The id of a member; without it any other one. */
  readonly to?: string;
  readonly ifTerm: number;
  readonly reason?: string;
}

export interface PauseBody {
  readonly reason?: string;
  /** In ms; without it until it is resumed. */
  readonly for?: number;
  readonly standby: boolean;
  readonly ifTerm: number;
}

export interface ResumeBody {
  readonly ifTerm?: number;
  /** The `at` of the pause that was seen: another one is not ended. */
  readonly ifAt?: Iso;
}

/**
 * At most 100 letters a request, each with its number and id as shown: another one of the same id is left alone. `all`: the oldest
 * letters, as many as one request may take; ask again while `left` is true. `head`: the id of the task that blocks the queue, which
 * is tried again; for `requeue` alone.
 */
export type LettersBody =
  | { readonly letters: readonly Pick<LetterRow, 'number' | 'id'>[]; readonly ifTerm?: number }
  | { readonly head: Ejson; readonly ifTerm?: number }
  | { readonly all: true; readonly ifTerm?: number };

/** One of the three. `member`: all members of its process. `key`: for `undrain`, a drain of the overview. */
export interface DrainBody {
  readonly host?: string;
  readonly member?: string;
  readonly key?: string;
  readonly reason?: string;
}

export interface PauseScheduleBody {
  readonly id: string;
  readonly reason?: string;
  readonly ifTerm: number;
}

export interface ResumeScheduleBody {
  readonly id: string;
  /** The `at` of the pause that was seen: another one is not ended. */
  readonly ifAt?: Iso;
  readonly ifTerm: number;
}

/** Queues a task of a schedule now, beside its slots. */
export interface TriggerBody {
  readonly id: string;
  readonly ifTerm: number;
}

/** The task that waits, or runs, with its number and id as shown: another one of the same id is left alone. */
export interface CancelBody extends Pick<TaskRow, 'number' | 'id'> {
  /** Whether the work on it is ended, too, if it runs. */
  readonly running?: true;
  readonly ifTerm?: number;
}

export interface Answer {
  readonly ok: true;
}

/**
 * `requested`: no master has decided within 5 s, and the request stays good for an hour. `done`: it was done, or became a dead letter,
 * before. `unknown`: it is not queued any more.
 */
export interface CancelAnswer extends Answer {
  readonly result: 'removed' | 'requested' | 'done' | 'unknown';
}

/** `known`: a task of this very moment is queued already. `full`: the queue is. */
export interface TriggerAnswer extends Answer {
  readonly result: 'queued' | 'known' | 'full';
}

/** `known`: a task with this id is queued, so the letter stays. `full`: the queue is. `none`: it was not there any more. */
export type LetterResult = 'queued' | 'discarded' | 'known' | 'full' | 'none';

export interface LettersAnswer extends Answer {
  /** `number`: that of the letter; missing for the head. */
  readonly results: readonly { readonly number?: number; readonly id: Ejson; readonly result: LetterResult }[];
  /** With `all`: whether there may be more. */
  readonly left: boolean;
}

export interface Refused {
  readonly ok: false;
  /** Such as `ERR_PAGE_CONFLICT`. */
  readonly code: string;
  /** What happened, with which value, and what to do. */
  readonly message: string;
  /** With 409: the subsystem as it is now. */
  readonly now?: Row;
}
