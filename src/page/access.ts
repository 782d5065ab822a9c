/**
 * Who is answered. Closed by default: without `authorize`, a token or a password only this machine is, and only by a name that
 * is its own. A page of another site whose name was made to lead here (DNS rebinding) does not know such a name; and with a
 * proxy in between, the peer is this machine for all the world. Not every proxy can be told from this machine.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { isLoopback } from '../options/observe.js';
import { PageError, type PageRequest } from './messages.js';
import type { Authorize, PageRight } from './options.js';

export type Guard =
  | { readonly type: 'loopback' }
  | { readonly type: 'authorize'; readonly authorize: Authorize }
  | { readonly type: 'token'; readonly token: string }
  | { readonly type: 'password'; readonly user: string; readonly password: string };

export interface Viewer {
  readonly name: string | null;
  /** Whether all that changes something is refused. */
  readonly isReader: boolean;
}

const proxies = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip'];

/**
 * Returns who asks. `isPublic`: it holds no data, as the files of the page do: with a token, the page itself must come before it
 * can send one.
 *
 * @throws PageError
 */
export async function admit(guard: Guard, request: PageRequest, right: PageRight, isPublic = false): Promise<Viewer> {
  switch (guard.type) {
    case 'authorize':
      return authorized(guard.authorize, request, right);
    case 'loopback':
      mustBeLocal(request);
      return { name: null, isReader: false };
    case 'token':
      if (!isPublic) mustHaveToken(guard.token, request);
      return { name: null, isReader: false };
    case 'password':
      mustHavePassword(guard, request);
      return { name: guard.user, isReader: false };
  }
}

async function authorized(authorize: Authorize, request: PageRequest, right: PageRight): Promise<Viewer> {
  const verdict: unknown = await authorize(request.original, right);
  if (verdict === true) return { name: null, isReader: false };
  // Who may only read may see no more than there is to see without the right to see payloads.
  const isReader = verdict === 'read';
  if (isReader && right === 'view') return { name: null, isReader };
  if (typeof verdict === 'string' && verdict !== '' && !isReader) {
    return { name: verdict.slice(0, NAME_LENGTH_MAX), isReader };
  }
  throw new PageError(403, 'ERR_PAGE_FORBIDDEN', `you may not do this here (${right}): \`authorize\` has refused`);
}

const NAME_LENGTH_MAX = 200;

function mustBeLocal(request: PageRequest): void {
  const closed = (why: string): PageError =>
    new PageError(
      403,
      'ERR_PAGE_FORBIDDEN',
      `the page is closed: ${why}. Give page() the option \`authorize\`, which says who may see it`,
    );
  const { peer } = request;
  if (peer === null) throw closed('it is not known where this request comes from');
  if (!isLoopback(peer.replace(/^::ffff:/i, ''))) throw closed('without `authorize` it is for this machine alone');
  const host = request.header('host');
  if (host !== undefined && !isLoopback(hostnameOf(host))) {
    throw closed('the header Host must name this machine, as in http://localhost');
  }
  const proxy = proxies.find((name) => request.header(name) !== undefined);
  if (proxy !== undefined) throw closed(`a proxy has sent this request (${proxy}), so it may come from anywhere`);
  // No browser speaks it, and nginx did so by default up to 1.29.6, with a Host of its own and without a word of who asks. Later
  // ones speak HTTP/1.1, and look like this machine: so what changes something, or shows payloads, needs `authorize`.
  if (request.version === '1.0') throw closed('it came by HTTP/1.0, as from a proxy, so it may come from anywhere');
}

function mustHaveToken(token: string, request: PageRequest): void {
  const given = /^Bearer +(\S+)$/i.exec(request.header('authorization') ?? '')?.[1];
  if (given !== undefined && equalTexts(given, token)) return;
  throw new PageError(
    401,
    'ERR_PAGE_UNAUTHORIZED',
    given === undefined
      ? 'this needs the token of the page: open the address that has it behind #token='
      : 'this is not the token of the page: a new start of it has a new one',
    {},
    { 'www-authenticate': 'Bearer' },
  );
}

function mustHavePassword({ user, password }: { user: string; password: string }, request: PageRequest): void {
  const given = /^Basic +(\S+)$/i.exec(request.header('authorization') ?? '')?.[1];
  const text = given === undefined ? '' : Buffer.from(given, 'base64').toString();
  if (given !== undefined && equalTexts(text, `${user}:${password}`)) return;
  throw new PageError(
    401,
    'ERR_PAGE_UNAUTHORIZED',
    'this needs the user and the password that the page was started with',
    {},
    { 'www-authenticate': 'Basic realm="mongo-failover", charset="UTF-8"' },
  );
}

/** Takes as long for any text of the same length, be it nearly right or all wrong. */
function equalTexts(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** Returns the name without the port. */
function hostnameOf(host: string): string {
  return /^(\[[^\]]*\]|[^:]*)(?::\d*)?$/.exec(host)?.[1] ?? '';
}

/**
 * A request that changes something comes from the page itself. A browser says so by `Sec-Fetch-Site`, and where it does not
 * (plain HTTP beyond loopback) by `Origin`; and another site cannot send a header of ours without asking first.
 *
 * @throws PageError
 */
export function mustBeOwn(request: PageRequest): void {
  const type = request.header('content-type') ?? '';
  if (!/^application\/json\s*(?:;|$)/i.test(type)) {
    throw new PageError(415, 'ERR_PAGE_TYPE', 'the body must be JSON, with content-type: application/json');
  }
  if (request.header('x-mongo-failover') !== '1') {
    throw new PageError(403, 'ERR_PAGE_ORIGIN', 'this needs the header x-mongo-failover: 1');
  }
  const site = request.header('sec-fetch-site');
  if (site === 'same-origin' || (site === undefined && isOwnOrigin(request))) return;
  throw new PageError(
    403,
    'ERR_PAGE_ORIGIN',
    site === undefined
      ? 'this must come from the page: Origin must name the host that Host names, which a proxy must pass on as it is'
      : `this must come from the page, and not from elsewhere (sec-fetch-site: ${site})`,
  );
}

function isOwnOrigin(request: PageRequest): boolean {
  const host = request.header('host')?.toLowerCase();
  const origin = request.header('origin')?.toLowerCase();
  return host !== undefined && (origin === `http://${host}` || origin === `https://${host}`);
}

/** Of all answers. Nothing of the page is inline, from elsewhere, or in the frame of another. */
export const safeHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': [
    ...["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "img-src 'self' data:"],
    ...["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
  ].join('; '),
  'cache-control': 'no-store',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};
