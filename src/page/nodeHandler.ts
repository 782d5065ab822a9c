/** The page for `node:http`, and for what takes handlers of its shape: Express, Connect, Fastify. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { safeHeaders } from './access.js';
import { BODY_BYTES_MAX } from './body.js';
import { closed, isSource, PageError, type PageRequest, type PageResponse } from './messages.js';
import { findRoute, refusal } from './routes.js';
import type { Site } from './site.js';

/** A request as frameworks leave it. */
interface Mounted extends IncomingMessage {
  /** The URL before the path was taken off that the page is mounted on. */
  readonly originalUrl?: unknown;
  /** What a parser has made of the body already. */
  readonly body?: unknown;
}

/** How many bytes may wait in a stream before a viewer is left behind. */
export const WAITING_MAX = 1024 * 1024;

export function nodeHandler(site: Site) {
  return (request: IncomingMessage, response: ServerResponse, next?: (error?: unknown) => void): void => {
    void handle(site, request, response, next).catch((error: unknown) => {
      // Such as one who went away in the middle.
      site.routes.parts.failed(error);
      response.destroy();
    });
  };
}

async function handle(
  site: Site,
  request: Mounted,
  response: ServerResponse,
  next: ((error?: unknown) => void) | undefined,
): Promise<void> {
  const url = below(site.base, request.url ?? '/');
  if (url === '' || isWithoutSlash(request, url)) return redirect(request, response);
  if (next !== undefined && findRoute(url, site.routes.parts) === null) return next();
  const answer = site.closed ? refusal(closed()) : await site.routes.answer(pageRequest(request, url));
  send(site, request, response, answer);
}

/** Returns the URL below the base, and '' if the slash behind that is missing. A framework may have taken it off already. */
function below(base: string, url: string): string {
  // A proxy may ask for a whole URL.
  const path = url.replace(/^https?:\/\/[^/?#]*/i, '');
  if (base === '' || !path.startsWith(base)) return path;
  const rest = path.slice(base.length);
  if (rest === '' || rest.startsWith('?')) return '';
  return rest.startsWith('/') ? rest : path;
}

/** Whether a framework has been asked for the path that the page is mounted on, without a slash behind it. */
function isWithoutSlash({ originalUrl }: Mounted, url: string): boolean {
  if (typeof originalUrl !== 'string' || !/^\/?(?:\?|$)/.test(url)) return false;
  return !/^[^?]*\/(?:\?|$)/.test(originalUrl);
}

/** Leads to the same address with a slash behind it: relative, so no proxy in between matters. */
function redirect(request: Mounted, response: ServerResponse): void {
  const [path = '', query] = String(request.originalUrl ?? request.url ?? '').split(/\?(.*)/s);
  const last = path.slice(path.lastIndexOf('/') + 1);
  const location = `./${last}/${query === undefined ? '' : `?${query}`}`;
  response.writeHead(308, { ...safeHeaders, location, 'content-length': 0 });
  response.end();
}

function pageRequest(request: Mounted, url: string): PageRequest {
  const { headers, method = 'GET', socket } = request;
  return {
    ...{ method, url },
    header(name) {
      const value = name === 'host' ? (headers.host ?? headers[':authority']) : headers[name];
      return Array.isArray(value) ? value.join(', ') : value;
    },
    peer: socket?.remoteAddress ?? null,
    version: request.httpVersion,
    body: () => readBody(request),
    original: request,
  };
}

async function readBody(request: Mounted): Promise<string> {
  // A parser of the framework was there before.
  if (typeof request.body === 'string') return limited(request.body);
  if (Buffer.isBuffer(request.body)) return limited(request.body.toString());
  if (request.body !== undefined && request.readableDidRead) return limited(JSON.stringify(request.body));
  if (request.readableDidRead) {
    const text =
      'the body was read before the page could: mount the page before what parses bodies, or put it in request.body';
    throw new PageError(400, 'ERR_PAGE_REQUEST', text);
  }
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of request) {
      const bytes = Buffer.from(chunk);
      length += bytes.length;
      if (length > BODY_BYTES_MAX) throw tooLarge();
      chunks.push(bytes);
    }
  } catch (error) {
    if (error instanceof PageError) throw error;
    // Who sent it went away, which is no failure of the program.
    throw new PageError(400, 'ERR_PAGE_REQUEST', 'the body has ended before its end');
  }
  return Buffer.concat(chunks).toString();
}

function limited(text: string): string {
  if (Buffer.byteLength(text) > BODY_BYTES_MAX) throw tooLarge();
  return text;
}

export function tooLarge(): PageError {
  return new PageError(413, 'ERR_PAGE_TOO_LARGE', `the body has more than ${BODY_BYTES_MAX} bytes`);
}

function send(site: Site, request: Mounted, response: ServerResponse, answer: PageResponse): void {
  const { status, headers, body } = answer;
  if (response.destroyed || response.writableEnded) {
    if (isSource(body)) body.drop();
    return;
  }
  if (isSource(body) && site.closed) {
    // It was closed while `authorize` was asked. A stream that begins now would end with nothing.
    body.drop();
    return send(site, request, response, refusal(closed()));
  }
  if (isSource(body)) {
    response.writeHead(status, headers);
    response.flushHeaders();
    let ended: () => void = () => {};
    const close = body.open({
      write(text) {
        response.write(text);
        // As the middleware that packs answers has it.
        if ('flush' in response && typeof response.flush === 'function') response.flush();
      },
      isFull: () => response.writableLength > WAITING_MAX,
      end: () => response.end(),
    });
    const over = (): void => {
      ended();
      close();
    };
    ended = site.streaming(() => {
      over();
      response.end();
    });
    response.once('close', over);
    response.once('error', over);
    return;
  }
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  // What is not read of a request would be taken for the next one. HTTP/2 has no such header.
  const isUnread = request.method === 'POST' && !request.readableEnded && request.httpVersionMajor === 1;
  response.writeHead(status, {
    ...headers,
    'content-length': bytes.length,
    ...(isUnread ? { connection: 'close' } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}
