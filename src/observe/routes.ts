/** What is answered to a request: a pure function of it and of what is asked for. */
import { accessOf, type Credentials } from './access.js';
import { contentTypes, expose, expositionFor } from './exposition.js';
import type { MetricFamily } from './families.js';
import type { Health } from './health.js';

export interface Request extends Credentials {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly accept: string | undefined;
}

export interface Response {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface RouteParts {
  /** Null on loopback alone. */
  readonly token: string | null;
  health(): Health;
  /** Never rejects. */
  metrics(): Promise<readonly MetricFamily[]>;
}

const METHODS = 'GET, HEAD, OPTIONS';
/** Browsers are to guess no type, show this in no frame, and keep no copy. */
const safe = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY' };

/** HEAD and OPTIONS are answered with the status of GET: who sends the response leaves the body out. */
export async function answer(request: Request, parts: RouteParts): Promise<Response> {
  const access = accessOf(parts.token, request);
  if (access === 'foreign') {
    return text(403, 'Forbidden: the header Host must name this machine, as in http://localhost');
  }
  if (!METHODS.split(', ').includes(request.method)) return text(405, `Use one of ${METHODS}`, { allow: METHODS });
  const { path, query } = partsOf(request.url);
  if (path === '/livez' || path === '/readyz') return probe(path, query, request, parts, access === 'full');
  if (access !== 'full') {
    return text(401, 'Unauthorized: send the token as Authorization: Bearer …', { 'www-authenticate': 'Bearer' });
  }
  if (path === '/metrics') {
    const format = expositionFor(request.accept);
    return { status: 200, headers: headers(contentTypes[format]), body: expose(await parts.metrics(), format) };
  }
  if (path === '/leader') return leader(null, request, parts);
  const name = /^\/leader\/(.+)$/.exec(path)?.[1];
  if (name === undefined) return text(404, 'Not found: there are /livez, /readyz, /leader/NAME and /metrics');
  return leader(name, request, parts);
}

function probe(
  path: '/livez' | '/readyz',
  query: URLSearchParams,
  request: Request,
  parts: RouteParts,
  isFull: boolean,
): Response {
  const health = parts.health();
  const needsStore = path === '/readyz' && isOn(query.get('store'));
  const ok = path === '/livez' ? health.live : health.ready && (!needsStore || health.store);
  if (!isFull || prefersText(request.accept)) return text(ok ? 200 : 503, ok ? 'ok' : 'not ok');
  return json(ok, health);
}

/** Without a name, each subsystem of this service counts. */
function leader(encoded: string | null, request: Request, parts: RouteParts): Response {
  const name = encoded === null ? null : decoded(encoded);
  if (name === undefined) return text(400, 'The name of the subsystem is not encoded as in a URL');
  const asked = parts.health().clusters.filter((cluster) => name === null || cluster.name === name);
  if (asked.length === 0 && name !== null) return text(404, 'This process has no subsystem of that name');
  const names = [...new Set(asked.map((cluster) => cluster.name))];
  const ok =
    names.length > 0 && names.every((each) => asked.some(({ name: its, isMaster }) => its === each && isMaster));
  if (prefersText(request.accept)) return text(ok ? 200 : 503, ok ? 'ok' : 'not ok');
  return json(ok, { clusters: asked });
}

function partsOf(url: string): { path: string; query: URLSearchParams } {
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  return { path, query: new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)) };
}

/** As in `?store` and `?store=1`. */
function isOn(value: string | null): boolean {
  return value !== null && value !== '0' && value !== 'false';
}

function decoded(name: string): string | undefined {
  try {
    return decodeURIComponent(name);
  } catch {
    return undefined;
  }
}

/** Whether `text/plain` is the first type that a client names. */
function prefersText(accept: string | undefined): boolean {
  return /^\s*text\/plain\b/i.test(accept ?? '');
}

function json(ok: boolean, more: object): Response {
  return {
    status: ok ? 200 : 503,
    headers: headers('application/json; charset=utf-8'),
    body: `${JSON.stringify({ ok, ...more }, null, 2)}\n`,
  };
}

function text(status: number, body: string, more: Readonly<Record<string, string>> = {}): Response {
  return { status, headers: { ...headers('text/plain; charset=utf-8'), ...more }, body: `${body}\n` };
}

function headers(type: string): Record<string, string> {
  return { 'content-type': type, ...safe };
}
