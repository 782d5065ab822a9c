/** Which answer a path asks for. Pure. */

/** A path that holds more than a name and a verb is one whose `%2F` a proxy has decoded. */
export type Route =
  | { readonly type: 'static'; readonly file: string }
  | { readonly type: 'overview' }
  | { readonly type: 'events'; readonly name: string | null }
  | { readonly type: 'details'; readonly name: string }
  | { readonly type: 'entries'; readonly verb: 'tasks' | 'letters'; readonly name: string; readonly after: number }
  | { readonly type: 'write'; readonly verb: NamedVerb; readonly name: string }
  | { readonly type: 'write'; readonly verb: 'drain' | 'undrain' }
  | { readonly type: 'bad'; readonly message: string };

export type ScheduleVerb = 'pause-schedule' | 'resume-schedule' | 'delete-schedule' | 'trigger';
export type NamedVerb = 'hand-over' | 'pause' | 'resume' | 'requeue' | 'discard' | 'cancel' | ScheduleVerb;

const verbs: readonly NamedVerb[] = ['hand-over', 'pause', 'resume', 'requeue', 'discard', 'cancel'];
const scheduleVerbs: readonly ScheduleVerb[] = ['pause-schedule', 'resume-schedule', 'delete-schedule', 'trigger'];
const namedVerbs: readonly string[] = [...verbs, ...scheduleVerbs];
const PREFIX = '/api/subsystems/';
/** A name has at most 256 bytes; each takes at most three characters in a URL, and nine if a proxy encodes it again. */
export const URL_LENGTH_MAX = 4096;

/** Returns null for what is not there. `url`: the path below that of the page, with its query. */
export function routeOf(url: string): Route | null {
  if (url.length > URL_LENGTH_MAX) return bad(`the URL has more than ${URL_LENGTH_MAX} characters`);
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const query = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
  if (path === '/' || path === '') return { type: 'static', file: 'index.html' };
  if (path === '/api/overview') return { type: 'overview' };
  if (path === '/api/events') {
    const name = query.get('name');
    return name === null || isName(name) ? { type: 'events', name } : bad('name must be that of a subsystem');
  }
  if (path === '/api/drain' || path === '/api/undrain') {
    return { type: 'write', verb: path === '/api/drain' ? 'drain' : 'undrain' };
  }
  if (path.startsWith(PREFIX)) return named(path.slice(PREFIX.length), query);
  return /^\/[\w-]+\.[\w.-]+$/.test(path) ? { type: 'static', file: path.slice(1) } : null;
}

function named(rest: string, query: URLSearchParams): Route | null {
  const cut = rest.lastIndexOf('/');
  const last = cut < 0 ? '' : rest.slice(cut + 1);
  const isVerb = last === 'tasks' || last === 'letters' || namedVerbs.includes(last);
  const path = isVerb ? rest.slice(0, cut) : rest;
  const asked = query.get('name');
  // Who reads the path, as a proxy or `authorize` may, must not see another name than the one that counts.
  if (asked !== null && path !== '-') return bad('the name is in the path: ?name= is for a path with - in its place');
  const name = asked ?? decoded(path);
  if (name === undefined) return bad('the name of the subsystem is not encoded as in a URL');
  if (!isName(name)) return bad('the name of a subsystem has 1 to 256 bytes of well-formed text without NUL');
  if (!isVerb) return { type: 'details', name };
  if (last !== 'tasks' && last !== 'letters') return { type: 'write', verb: last as NamedVerb, name };
  const text = query.get('after') ?? '0';
  const after = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(after)) return bad('after must be a number: that in `next` of the page before');
  return { type: 'entries', verb: last, name, after };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function isName(name: string): boolean {
  return name !== '' && Buffer.byteLength(name) <= 256 && !name.includes('\0') && !/\p{Surrogate}/u.test(name);
}

function bad(message: string): Route {
  return { type: 'bad', message };
}
