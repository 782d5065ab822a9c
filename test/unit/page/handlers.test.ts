/** What hands requests over: who goes away, or what is closed, while `authorize` is asked; and viewers who read nothing. */
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { fetchHandler } from '../../../src/page/fetchHandler.ts';
import { nodeHandler } from '../../../src/page/nodeHandler.ts';
import { resolvePage } from '../../../src/page/options.ts';
import { Site } from '../../../src/page/site.ts';
import { PageInMemory } from './storeInMemory.ts';

/** A page whose `authorize` answers only when it is told to. Its store is never opened. */
function waiting() {
  const answers: (() => void)[] = [];
  const authorize = () => new Promise<boolean>((resolve) => answers.push(() => resolve(true)));
  const site = new Site({
    store: { kind: 'embedded', path: '/nowhere/at/all' },
    options: resolvePage({ authorize }),
    guard: { type: 'authorize', authorize },
    viewersMax: 1,
    failed: () => {},
  });
  return { site, answer: () => answers.splice(0).map((each) => each()) };
}

const events = () => new Request('http://far.example/api/events', { headers: { host: 'far.example' } });

test('a stream that is allowed only once the page is closed is refused, by both handlers', async () => {
  const { site, answer } = waiting();
  const [fetching, noding] = [fetchHandler(site), nodeHandler(site)];
  const fetched = fetching(events());
  const request = Object.assign(new IncomingMessage(new Socket()), { method: 'GET', url: '/api/events' });
  const response = new ServerResponse(request);
  const ended = new Promise((resolve) => Object.assign(response, { end: resolve }));
  noding(request, response);
  await site.close();
  answer();
  expect((await fetched).status).toBe(503);
  await ended;
  expect(response.statusCode).toBe(503);
});

test('what begins to stream on a closed page is ended at once', async () => {
  const { site } = waiting();
  await site.close();
  let ends = 0;
  site.streaming(() => {
    ends += 1;
  });
  expect(ends).toBe(1);
});

test('who has gone while `authorize` was asked leaves no stream, and no place taken', async () => {
  const { site, answer } = waiting();
  const fetching = fetchHandler(site);
  for (let each = 0; each < 3; each++) {
    const controller = new AbortController();
    const fetched = fetching(new Request(events(), { signal: controller.signal }));
    controller.abort();
    answer();
    expect((await fetched).status).toBe(503);
  }
  const fetched = fetching(events());
  answer();
  const { status, body } = await fetched;
  expect(status).toBe(200);
  await body?.cancel();
  await site.close();
});

test('a viewer who reads nothing makes a Fetch stream hold no more than some of the largest events', async () => {
  const page = new PageInMemory({ authorize: () => true });
  const { store } = page;
  const change = (term: number): void => {
    for (let each = 0; each < 2000; each++) store.lease(`s${each}`, { term });
  };
  change(1);
  const site = { base: '', closed: false, routes: page.routes, streaming: () => () => {} } as unknown as Site;
  const { body } = await fetchHandler(site)(events());
  for (let term = 2; term < 12; term++) {
    change(term);
    await store.clock.advance(1000);
  }
  const reader = body?.getReader();
  let [bytes, largest] = [0, 0];
  // The stream is full, so what it holds is what there is until the next look.
  for (let chunks = 0; chunks < 8; chunks++) {
    const part = await Promise.race([
      reader?.read(),
      new Promise<undefined>((resolve) => setImmediate(() => resolve(undefined))),
    ]);
    if (part?.value === undefined) break;
    bytes += part.value.length;
    largest = Math.max(largest, part.value.length);
  }
  expect(largest).toBeGreaterThan(300_000);
  expect(bytes).toBeLessThanOrEqual(1024 * 1024 + largest);
  await reader?.cancel();
});
