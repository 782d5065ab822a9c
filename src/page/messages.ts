/** A request and a response, whatever serves them. */
import type { Iso } from './contract.js';

export interface PageRequest {
  readonly method: string;
  /** Below the path that the page is mounted on, with its query. */
  readonly url: string;
  /** Returns a header by its name in small letters. */
  header(name: string): string | undefined;
  /** The address of who sends it; null if that is not known. */
  readonly peer: string | null;
  /** Of HTTP, such as `1.1`; null if that is not known. */
  readonly version: string | null;
  /** Returns the body as text. @throws PageError */
  body(): Promise<string>;
  /** What `authorize` is called with. */
  readonly original: unknown;
}

export interface PageResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | EventSource;
}

/** Where events are written. */
export interface EventSink {
  write(text: string): void;
  /** Whether what was written is still under way: then nothing more is. */
  isFull(): boolean;
  end(): void;
}

/** A stream of events that has no end of its own. Either is called, and once. */
export interface EventSource {
  /** Returns how to end it. */
  open(sink: EventSink): () => void;
  /** It is not wanted any more. */
  drop(): void;
}

export function isSource(body: PageResponse['body']): body is EventSource {
  return typeof body === 'object' && 'open' in body;
}

/** What is wrong with a request: told to who sent it. */
export class PageError extends Error {
  override readonly name = 'PageError';

  constructor(
    readonly status: number,
    /** Of those in docs/reference/page.md. */
    readonly code: PageErrorCode,
    message: string,
    readonly more: Readonly<Record<string, unknown>> = {},
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

export function closed(): PageError {
  return new PageError(503, 'ERR_PAGE_CLOSED', 'the page is closed, because the service that serves it is');
}

export function noSubsystem(name: string): PageError {
  return new PageError(404, 'ERR_PAGE_NOT_FOUND', `the store knows no subsystem ${JSON.stringify(name)}`);
}

/** `name`: what was not changed. */
export function conflict(name: string, why: string): PageError {
  return new PageError(409, 'ERR_PAGE_CONFLICT', `${JSON.stringify(name)} was not changed: ${why}`);
}

export type PageErrorCode =
  | 'ERR_PAGE_BUSY'
  | 'ERR_PAGE_CLOSED'
  | 'ERR_PAGE_CONFLICT'
  | 'ERR_PAGE_FAILED'
  | 'ERR_PAGE_FORBIDDEN'
  | 'ERR_PAGE_METHOD'
  | 'ERR_PAGE_NOT_FOUND'
  | 'ERR_PAGE_ORIGIN'
  | 'ERR_PAGE_REQUEST'
  | 'ERR_PAGE_STORE'
  | 'ERR_PAGE_TOO_LARGE'
  | 'ERR_PAGE_TYPE'
  | 'ERR_PAGE_UNAUTHORIZED';

export function iso(wall: number): Iso {
  return new Date(wall).toISOString();
}
