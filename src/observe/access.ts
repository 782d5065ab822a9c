/**
 * Who is answered. Beyond loopback a token is needed, but for the bare answer of a probe, which an orchestrator asks for
 * without a secret. On loopback without a token, a request must name this machine: a page of another site whose name was
 * made to lead here (DNS rebinding) does not.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { isLoopback } from '../options/observe.js';

/** `bare`: the status and a word, and only of the probes. */
export type Access = 'full' | 'bare' | 'foreign';

export interface Credentials {
  readonly host: string | undefined;
  readonly authorization: string | undefined;
}

/** `token`: null if there is none, which is on loopback alone. */
export function accessOf(token: string | null, { host, authorization }: Credentials): Access {
  if (token === null) return host === undefined || isLoopback(hostnameOf(host)) ? 'full' : 'foreign';
  const given = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
  return given !== undefined && equalTexts(given, token) ? 'full' : 'bare';
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
