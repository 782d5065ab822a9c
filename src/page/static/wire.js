/** Speaks with the server: requests, and the stream of what changes. The token, if there is one, stays in this tab. */
const STREAM_SILENT_MS = 25_000;
const FIRST_EVENT_MS = 6000;
const POLL_MS = 2000;
const WRITE_MS = 30_000;
const BACK_OFF_MS = [500, 1000, 2000, 5000, 10_000, 20_000, 30_000];

/** Remembers one text: in this tab alone, or in this browser. Where a browser keeps nothing, until the page is left. */
export function memory(storage, key) {
  let text = null;
  const attempt = (use) => {
    try {
      return use(window[storage]);
    } catch {
      return null;
    }
  };
  return {
    get: () => text ?? attempt((kept) => kept.getItem(key)),
    set: (next) => {
      text = next;
      attempt((kept) => kept.setItem(key, next));
    },
  };
}

export const token = memory('sessionStorage', `mongo-failover token ${location.pathname}`);

/** Is what the server said, or why it said nothing. */
export class Refusal extends Error {
  constructor(status, { code, message, now }) {
    super(message);
    Object.assign(this, { status, code, now });
  }
}

function headers(more) {
  const own = token.get();
  return { ...(own === null ? {} : { authorization: `Bearer ${own}` }), ...more };
}

async function refusalOf(response) {
  const said = await response.json().catch(() => null);
  const message = `The server answered ${response.status} ${response.statusText}, and not in the words of this page.`;
  return new Refusal(response.status, said?.message ? said : { code: 'ERR_ANSWER', message });
}

async function reach(path, options) {
  let response;
  try {
    response = await fetch(`./api/${path}`, { cache: 'no-store', ...options });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    const message = 'The server of this page does not answer.';
    throw new Refusal(0, { code: 'ERR_NO_ANSWER', message });
  }
  if (!response.ok) throw await refusalOf(response);
  // Where a session has ended, some servers lead to their login, which is a page like any other.
  if (/json|event-stream/.test(response.headers.get('content-type'))) return response;
  const message = 'Something else than the page has answered, perhaps a login. Load the page again.';
  throw new Refusal(response.status, { code: 'ERR_ANSWER', message });
}

export async function read(path, query = {}, signal = undefined) {
  const search = new URLSearchParams(query).toString();
  const response = await reach(`${path}${search && `?${search}`}`, { headers: headers(), signal });
  return response.json();
}

/** Sends what someone has confirmed. */
export async function write(path, query, body) {
  const search = new URLSearchParams(query).toString();
  const more = { 'content-type': 'application/json', 'x-mongo-failover': '1' };
  const signal = AbortSignal.timeout(WRITE_MS);
  const asked = { method: 'POST', headers: headers(more), body: JSON.stringify(body), signal };
  return (await reach(`${path}${search && `?${search}`}`, asked)).json();
}

const sleep = (ms, signal) =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => resolve(clearTimeout(timer)), { once: true });
  });

/** Calls `event(type, data)` for each event, and `alive()` whenever anything has come. */
async function stream(query, { event, alive }, signal) {
  const own = new AbortController();
  const end = () => own.abort();
  signal.addEventListener('abort', end, { once: true });
  let [timer, hasCome] = [setTimeout(end, FIRST_EVENT_MS), false];
  try {
    const search = new URLSearchParams(query).toString();
    const asked = { headers: headers({ accept: 'text/event-stream' }), signal: own.signal };
    const response = await reach(`events${search && `?${search}`}`, asked);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let text = ''; ; ) {
      const { done, value } = await reader.read();
      if (done) return true;
      text = (text + value).replaceAll('\r\n', '\n');
      const parts = text.split('\n\n');
      text = parts.pop();
      alive();
      clearTimeout(timer);
      timer = setTimeout(end, hasCome || parts.length > 0 ? STREAM_SILENT_MS : FIRST_EVENT_MS);
      hasCome ||= parts.length > 0;
      for (const part of parts) dispatch(part, event);
    }
  } catch (error) {
    if (error.name !== 'AbortError') throw error;
    return hasCome;
  } finally {
    clearTimeout(timer);
    own.abort();
    signal.removeEventListener('abort', end);
  }
}

function dispatch(part, event) {
  let [type, data] = ['message', ''];
  for (const line of part.split('\n')) {
    if (line.startsWith('event:')) type = line.slice(6).trim();
    if (line.startsWith('data:')) data += line.slice(5);
  }
  if (data !== '') event(type, JSON.parse(data));
}

/** Asks again and again, where something on the way keeps a stream back. */
async function poll(name, { event, alive }, signal) {
  while (!signal.aborted) {
    event('overview', await read('overview', {}, signal));
    if (name !== null) {
      const gone = (error) => (error.status === 404 ? null : Promise.reject(error));
      event('subsystem', await read('subsystems/-', { name }, signal).catch(gone));
    }
    alive();
    await sleep(POLL_MS, signal);
  }
}

/**
 * Follows the store until `stop` is called. After a failure it tries again: after 0.5 s, 1 s, 2 s, and at last every 30 s.
 * `lost(error, retryMs)` says so; a refusal for want of a token ends it.
 */
export function follow(name, callbacks) {
  const control = new AbortController();
  const { signal } = control;
  let [failures, isHeld] = [0, false];
  const heard = {
    event: (type, data) => {
      failures = 0;
      if (!signal.aborted) callbacks.event(type, data);
    },
    alive: () => signal.aborted || callbacks.alive(),
  };
  const run = async () => {
    while (!signal.aborted) {
      let failure = new Refusal(0, { code: 'ERR_ENDED', message: 'The server has ended the connection.' });
      try {
        if (isHeld) await poll(name, heard, signal);
        else isHeld = !(await stream(name === null ? {} : { name }, heard, signal));
      } catch (error) {
        failure = error;
        isHeld = false;
      }
      if (signal.aborted) return;
      if (isHeld && failure.code === 'ERR_ENDED') continue;
      const wait = BACK_OFF_MS[Math.min(failures++, BACK_OFF_MS.length - 1)];
      callbacks.lost(failure, wait);
      if (failure.status === 401) return;
      await sleep(wait, signal);
    }
  };
  run();
  return () => control.abort();
}
