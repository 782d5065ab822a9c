/** The live page on the observer thread: beside the probes, which it must not crowd out. */
import type { ObservedPage, ObservedPageParts } from '../observe/messages.js';
import type { Guard } from './access.js';
import { latenessOf } from './lateness.js';
import { nodeHandler } from './nodeHandler.js';
import { Site } from './site.js';
import { warner } from './warnings.js';

/** So many follow at the same time at most: the server has connections for probes, too. */
const VIEWERS_MAX = 50;

export function observedPage({ store, actions, token, base, lateness }: ObservedPageParts): ObservedPage {
  const guard: Guard = token === null ? { type: 'loopback' } : { type: 'token', token };
  const options = { authorize: null, redact: null, payload: false, title: null, actions, base };
  const site = new Site({
    lateness: () => latenessOf(lateness()),
    store,
    options,
    guard,
    viewersMax: VIEWERS_MAX,
    failed: warner(),
  });
  return { node: nodeHandler(site), close: () => site.close() };
}
