/** The page for what answers a `Request` with a `Response`: Hono, h3, Next.js, on Node.js. */
import { safeHeaders } from './access.js';
import { BODY_BYTES_MAX } from './body.js';
import { closed, type EventSource, isSource, type PageRequest, type PageResponse } from './messages.js';
import { tooLarge, WAITING_MAX } from './nodeHandler.js';
import { refusal } from './routes.js';
import type { Site } from './site.js';

export function fetchHandler(site: Site) {
  return async (request: Request, info?: { readonly remoteAddress?: unknown }): Promise<Response> => {
    const { pathname, search } = new URL(request.url);
    const { base } = site;
    if (base !== '' && pathname === base) {
      const location = `./${base.slice(base.lastIndexOf('/') + 1)}/${search}`;
      return new Response(null, { status: 308, headers: { ...safeHeaders, location } });
    }
    const path = base !== '' && pathname.startsWith(`${base}/`) ? pathname.slice(base.length) : pathname;
    const asked: PageRequest = {
      method: request.method,
      url: `${path}${search}`,
      header: (name) => request.headers.get(name) ?? (name === 'host' ? new URL(request.url).host : undefined),
      // Only what the server itself knows of it counts.
      peer: typeof info?.remoteAddress === 'string' ? info.remoteAddress : null,
      version: null,
      body: () => readBody(request),
      original: request,
    };
    const { status, headers, body } = site.closed ? refusal(closed()) : await site.routes.answer(asked);
    if (isSource(body)) {
      if (!request.signal.aborted && !site.closed) {
        return new Response(streamOf(site, body, request.signal), { status, headers });
      }
      // Who asked has gone, or the page was closed, while `authorize` was asked.
      body.drop();
      return fetched(refusal(closed()), request);
    }
    return fetched({ status, headers, body }, request);
  };
}

function fetched({ status, headers, body }: PageResponse, request: Request): Response {
  return new Response(request.method === 'HEAD' ? null : Buffer.from(body as string), { status, headers });
}

function streamOf(site: Site, source: EventSource, signal: AbortSignal): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let over: () => void = () => {};
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const finish = (): void => {
          over();
          try {
            controller.close();
          } catch {
            // It was cancelled already.
          }
        };
        const close = source.open({
          write: (text) => controller.enqueue(encoder.encode(text)),
          isFull: () => (controller.desiredSize ?? 0) <= 0,
          end: finish,
        });
        const ended = site.streaming(finish);
        over = () => {
          ended();
          close();
        };
        signal.addEventListener('abort', finish, { once: true });
      },
      cancel: () => over(),
    },
    // By its bytes: one event may have thousands of rows.
    new ByteLengthQueuingStrategy({ highWaterMark: WAITING_MAX }),
  );
}

async function readBody(request: Request): Promise<string> {
  if (request.body === null) return '';
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > BODY_BYTES_MAX) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
