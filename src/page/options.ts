/** The options of the page, and their checks. */
import type { IncomingMessage } from 'node:http';
import { showValue } from '../diagnostics/showValue.js';
import { InvalidOptionError } from '../errors.js';
import { checkBoolean, checkFunction, readFields } from '../options/checks.js';
import { checkActions, type PageAction } from '../options/pageActions.js';

/** Names what a viewer wants to do. `payload`: see what tasks hold. */
export type PageRight = 'view' | 'payload' | PageAction;

/**
 * Says what `authorize` may answer: `true`, or the name of the viewer, which is stored with what they ask for; `'read'`: they may
 * look and change nothing; all else refuses.
 */
export type PageVerdict = boolean | string | null | undefined;

/** Holds the options of `page()`. `Asked`: what `authorize` gets, as the framework has it; a `Request` for `fetch`. */
export interface PageOptions<Asked = IncomingMessage> {
  /**
   * Decides about each request. Without it the page is closed to all but this machine: the peer must be a loopback address, the
   * header Host must name one, and no header may tell of a proxy. Some proxies on this machine cannot be told from it, so `actions`
   * and `payload` need this option.
   */
  readonly authorize?: (request: Asked, action: PageRight) => PageVerdict | Promise<PageVerdict>;
  /**
   * Returns what is shown in the place of a task: a copy without what others may not see. Only with `payload`. It is synchronous: a
   * promise is not waited for, and nothing of the task is shown.
   */
  readonly redact?: (task: unknown, name: string) => unknown;
  /** Says which actions have a route at all. Default: false, none. They need `authorize`. */
  readonly actions?: boolean | readonly PageAction[];
  /** Says whether what tasks hold is shown, which needs `authorize`. Default: false. */
  readonly payload?: boolean;
  /** Is shown in the head of the page, such as `staging`. */
  readonly title?: string;
  /** Is the path that the page is mounted on, if what calls the handler does not take it off the URL. Default: none. */
  readonly base?: string;
}

export type Authorize = (request: unknown, action: PageRight) => unknown;

export interface ResolvedPage {
  readonly authorize: Authorize | null;
  readonly redact: ((task: unknown, name: string) => unknown) | null;
  readonly actions: readonly PageAction[];
  readonly payload: boolean;
  readonly title: string | null;
  /** Without a slash at its end: '' if it is mounted at the root. */
  readonly base: string;
}

const TITLE_LENGTH_MAX = 100;
const BASE_LENGTH_MAX = 1000;

/** @throws InvalidOptionError */
export function resolvePage(given: unknown = {}): ResolvedPage {
  const fields = readFields(given, '', ['authorize', 'redact', 'actions', 'payload', 'title', 'base']);
  const payload = fields.payload === undefined ? false : checkBoolean(fields.payload, 'payload');
  const redact = checkFunction(fields.redact, 'redact');
  if (redact !== null && !payload) {
    throw new InvalidOptionError('redact has no use without payload: true, because no payload is shown');
  }
  const authorize = checkFunction(fields.authorize, 'authorize');
  const actions = checkActions(fields.actions, 'actions');
  if (authorize === null && (payload || actions.length > 0)) throw needsAuthorize(payload ? 'payload' : 'actions');
  return {
    ...{ authorize, redact, actions, payload },
    title: fields.title === undefined ? null : checkTitle(fields.title, 'title'),
    base: fields.base === undefined ? '' : checkBase(fields.base),
  };
}

function needsAuthorize(option: string): InvalidOptionError {
  return new InvalidOptionError(
    `${option} needs authorize, because a proxy on this machine can look like this machine: give a function that says who may`,
  );
}

/** @throws InvalidOptionError */
export function checkTitle(value: unknown, path: string): string {
  if (typeof value === 'string' && value.length <= TITLE_LENGTH_MAX) return value;
  throw new InvalidOptionError(
    `${path} must be a string of at most ${TITLE_LENGTH_MAX} characters, not ${showValue(value)}`,
  );
}

function checkBase(value: unknown): string {
  if (typeof value === 'string' && value.length <= BASE_LENGTH_MAX && /^(?:\/[^?#\s]*)?$/.test(value)) {
    return value.replace(/\/+$/, '');
  }
  throw new InvalidOptionError(
    `base must be a path that begins with a slash, such as '/failover', not ${showValue(value)}`,
  );
}
