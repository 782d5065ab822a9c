/** What is answered to a request: a function of it and of what is handed in. */
import { StoreError } from '../errors.js';
import type { StoreReader } from '../store/reader.js';
import type { FullStore } from '../store/taskStore.js';
import type { Clock } from '../time/clock.js';
import { admit, type Guard, mustBeOwn, safeHeaders, type Viewer } from './access.js';
import { act, drain, fieldsOf, undrain } from './actions.js';
import { Body } from './body.js';
import type { Overview, PageAction, Refused } from './contract.js';
import { readEntries } from './entries.js';
import { Feed } from './feed.js';
import type { Source } from './kept.js';
import { DEAD_MAX } from './measures.js';
import { iso, noSubsystem, PageError, type PageRequest, type PageResponse } from './messages.js';
import type { ResolvedPage } from './options.js';
import { detailsIn, type Seen, type SharedPoll } from './poll.js';
import { type Route, routeOf, URL_LENGTH_MAX } from './route.js';
import type { StaticFile } from './statics.js';
import { textOf } from './texts.js';
import { viewerSource } from './viewer.js';

export interface RouteParts {
  readonly options: Pick<ResolvedPage, 'actions' | 'payload' | 'redact' | 'title'>;
  readonly guard: Guard;
  readonly files: ReadonlyMap<string, StaticFile>;
  readonly poll: SharedPoll;
  readonly reader: Source<StoreReader>;
  readonly writer: Source<FullStore>;
  readonly clock: Clock;
  /** The store as messages call it. */
  readonly store: string;
  readonly version: string;
  /** Who asks, where `authorize` gives no name. */
  readonly by: string;
  /** Returns a text that no other call has returned, of any process. */
  newId(): string;
  readonly viewersMax: number;
  /** Told what has failed that is the business of the program, such as `authorize`. */
  failed(error: unknown): void;
}

type WriteRoute = Extract<Route, { type: 'write' }>;

/** Returns null for what is not there, which may be the business of others. */
export function findRoute(url: string, { options, files }: Pick<RouteParts, 'options' | 'files'>): Route | null {
  const route = routeOf(url);
  if (route === null) return null;
  if (route.type === 'static') return files.has(route.file) ? route : null;
  return route.type === 'write' && !options.actions.includes(actionOf(route)) ? null : route;
}

function actionOf({ verb }: WriteRoute): PageAction {
  switch (verb) {
    case 'undrain':
      return 'drain';
    case 'resume':
      return 'pause';
    case 'pause-schedule':
    case 'resume-schedule':
    case 'delete-schedule':
    case 'trigger':
      return 'schedule';
    default:
      return verb;
  }
}

export class Routes {
  private readonly feed = new Feed();
  private streams = 0;

  constructor(readonly parts: RouteParts) {}

  /** HEAD is answered with the headers of GET: who sends the response leaves the body out. Never rejects. */
  async answer(request: PageRequest): Promise<PageResponse> {
    try {
      const route = findRoute(request.url, this.parts);
      if (route === null) throw notFound();
      const methods = route.type === 'write' ? ['POST'] : ['GET', 'HEAD'];
      if (!methods.includes(request.method)) {
        const allow = methods.join(', ');
        throw new PageError(
          405,
          'ERR_PAGE_METHOD',
          `use ${allow} here, and not ${shown(request.method)}`,
          {},
          { allow },
        );
      }
      return await this.routed(route, request);
    } catch (error) {
      if (!(error instanceof PageError || error instanceof StoreError)) this.parts.failed(error);
      return refusal(error);
    }
  }

  private async routed(route: Route, request: PageRequest): Promise<PageResponse> {
    const { guard, files } = this.parts;
    const viewer = await admit(guard, request, 'view', route.type === 'static');
    switch (route.type) {
      case 'static': {
        const file = files.get(route.file);
        if (file === undefined) throw notFound();
        return { status: 200, headers: { ...safeHeaders, 'content-type': file.type }, body: file.bytes };
      }
      case 'bad':
        throw request.url.length > URL_LENGTH_MAX
          ? new PageError(414, 'ERR_PAGE_TOO_LARGE', route.message)
          : new PageError(400, 'ERR_PAGE_REQUEST', route.message);
      case 'overview':
        return json(
          200,
          await this.overviewFor(request, viewer).then(async (tell) => tell(await this.parts.poll.fresh())),
        );
      case 'details':
        return json(200, await this.details(route.name));
      case 'entries':
        return json(200, await this.entries(route, request));
      case 'events':
        return this.events(route.name, request, viewer);
      case 'write':
        return json(200, await this.write(route, request, viewer));
    }
  }

  /** Returns what makes overviews for this viewer, whose rights are asked for once. */
  private async overviewFor(request: PageRequest, viewer: Viewer): Promise<(seen: Seen) => Overview> {
    const { options, store, version, clock } = this.parts;
    const actions: PageAction[] = [];
    for (const action of viewer.isReader ? [] : options.actions) {
      if (await this.may(request, action)) actions.push(action);
    }
    const payloads = options.payload && (await this.may(request, 'payload'));
    return ({ snapshot, problem }) => ({
      at: iso(snapshot?.at ?? clock.wall()),
      ...{ title: options.title, store, version, actions, payloads, viewer: viewer.name, problem },
      subsystems: [...(snapshot?.rows.values() ?? [])],
      truncated: snapshot?.truncated ?? false,
      deadMax: DEAD_MAX,
      drains: snapshot?.drains ?? [],
    });
  }

  private async may(request: PageRequest, right: 'view' | 'payload' | PageAction): Promise<boolean> {
    return admit(this.parts.guard, request, right).then(
      () => true,
      (error: unknown) => {
        // A throw of `authorize` is a no, too, and the program must hear of it.
        if (!(error instanceof PageError)) this.parts.failed(error);
        return false;
      },
    );
  }

  private async details(name: string) {
    const seen = await this.parts.poll.fresh(name);
    if (seen.problem !== null) throw new PageError(503, 'ERR_PAGE_STORE', seen.problem);
    return detailsIn(seen, name) ?? fail(noSubsystem(name));
  }

  private async entries(route: Extract<Route, { type: 'entries' }>, request: PageRequest) {
    const { options, reader } = this.parts;
    const withPayload = options.payload && (await this.may(request, 'payload'));
    return reader.use((opened) => readEntries(opened, route, withPayload ? options : null));
  }

  private async events(name: string | null, request: PageRequest, viewer: Viewer): Promise<PageResponse> {
    const { poll, clock, viewersMax } = this.parts;
    const overview = await this.overviewFor(request, viewer);
    const headers = {
      ...safeHeaders,
      'content-type': 'text/event-stream; charset=utf-8',
      // Nothing on the way may keep it, or pack it.
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    };
    if (request.method === 'HEAD') return { status: 200, headers, body: '' };
    if (this.streams >= viewersMax) {
      const text = `${viewersMax} viewers follow already: close one, or look without following`;
      throw new PageError(503, 'ERR_PAGE_BUSY', text, {}, { 'retry-after': '10' });
    }
    // Counted before the answer goes out, because others may ask until then.
    this.streams += 1;
    const source = viewerSource({
      ...{ poll, clock, name, overview, feed: this.feed },
      mayStay: () => this.may(request, 'view'),
      ended: () => {
        this.streams -= 1;
      },
    });
    return { status: 200, headers, body: source };
  }

  private async write(route: WriteRoute, request: PageRequest, viewer: Viewer) {
    const { guard, reader, writer, clock, poll, by, newId } = this.parts;
    mustBeOwn(request);
    const action = actionOf(route);
    const allowed = await admit(guard, request, action);
    if (viewer.isReader) throw new PageError(403, 'ERR_PAGE_FORBIDDEN', `you may look, and not change (${action})`);
    const body = Body.read(await request.body(), fieldsOf[route.verb]);
    const name = 'name' in route ? route.name : null;
    const done = reader.use((opened) =>
      writing(writer, (open) => {
        const parts = { reader: opened, writer: open, clock, newId, by: allowed.name ?? viewer.name ?? by };
        if ('name' in route) return act(route.verb, route.name, body, parts);
        return route.verb === 'drain' ? drain(body, parts) : undrain(body, parts);
      }),
    );
    try {
      const answer = await done;
      // Who asks next sees what this has changed.
      await poll.again();
      return answer;
    } catch (error) {
      if (!(error instanceof PageError) || error.status !== 409 || name === null) throw error;
      const { snapshot } = await poll.again();
      const now = snapshot?.rows.get(name);
      throw new PageError(409, error.code, error.message, now === undefined ? {} : { now });
    }
  }
}

/** The store is opened for writing only if that is asked for. */
function writing<R>(source: Source<FullStore>, run: (open: () => Promise<FullStore>) => Promise<R>): Promise<R> {
  let end: () => void = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  let opening: Promise<FullStore> | undefined;
  const open = (): Promise<FullStore> => {
    opening ??= new Promise((resolve, reject) => {
      source
        .use((store) => {
          resolve(store);
          return ended;
        })
        .catch(reject);
    });
    return opening;
  };
  return run(open).finally(end);
}

function notFound(): PageError {
  return new PageError(
    404,
    'ERR_PAGE_NOT_FOUND',
    'there is nothing here: the page is at the address that it is mounted on',
  );
}

function fail(error: PageError): never {
  throw error;
}

function shown(method: string): string {
  return JSON.stringify(method.slice(0, 20));
}

function json(status: number, body: object, headers: Readonly<Record<string, string>> = {}): PageResponse {
  const type = { 'content-type': 'application/json; charset=utf-8' };
  return { status, headers: { ...safeHeaders, ...type, ...headers }, body: JSON.stringify(body) };
}

export function refusal(error: unknown): PageResponse {
  if (error instanceof PageError) {
    const { status, code, message, more, headers } = error;
    return json(status, { ok: false, code, message, ...more } satisfies Refused, headers);
  }
  if (error instanceof StoreError) {
    return json(503, { ok: false, code: 'ERR_PAGE_STORE', message: textOf(error) } satisfies Refused);
  }
  // What failed here, such as `authorize`, is the business of the program, and not of who asks.
  const message = 'the request has failed here; the program that serves the page has the error';
  return json(500, { ok: false, code: 'ERR_PAGE_FAILED', message } satisfies Refused);
}
