/** The option `observe`: where the probes and the metrics are served. */
import { showValue } from '../diagnostics/showValue.js';
import { InvalidOptionError } from '../errors.js';
import { checkBoolean, checkNumber, readFields } from './checks.js';
import { checkActions, type PageAction } from './pageActions.js';

export interface ResolvedObserve {
  /** 0: a free one. */
  readonly port: number;
  readonly host: string;
  /** Null only on loopback. */
  readonly token: string | null;
  /** The live page; null if it is not served. */
  readonly page: { readonly actions: readonly PageAction[] } | null;
}

/** A shorter one could be guessed. */
export const TOKEN_LENGTH_MIN = 16;
/** What may follow `Bearer` in a header. */
export const tokenPattern = /^[A-Za-z0-9\-._~+/]+=*$/;
const TOKEN_LENGTH_MAX = 512;

/** Returns whether a host name or an address means this machine alone. */
export function isLoopback(host: string): boolean {
  const name = host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
  if (name === 'localhost' || name === '::1' || name === '0:0:0:0:0:0:0:1') return true;
  return /^127(?:\.\d{1,3}){3}$/.test(name);
}

/** @throws InvalidOptionError */
export function resolveObserve(given: unknown): ResolvedObserve | null {
  if (given === undefined) return null;
  const fields = readFields(given, 'observe', ['port', 'host', 'token', 'page', 'actions']);
  const port = checkNumber(fields.port, 'observe.port', { min: 0, max: 65_535, integer: true });
  const { host = '127.0.0.1' } = fields;
  if (typeof host !== 'string' || host === '' || /[\s/\0]/.test(host)) {
    throw new InvalidOptionError(`observe.host must be a host name or an address, not ${showValue(host)}`);
  }
  const token = fields.token === undefined ? null : checkToken(fields.token);
  if (token === null && !isLoopback(host)) {
    throw new InvalidOptionError(
      `observe.host is ${showValue(host)}, which others can reach, so observe.token is needed: give one, or leave the host out`,
    );
  }
  const page = resolvePage(fields.page, fields.actions);
  if (token === null && page !== null && page.actions.length > 0) {
    throw new InvalidOptionError(
      'observe.actions need observe.token, because a proxy on this machine can look like this machine: give a token',
    );
  }
  return { port, host, token, page };
}

function resolvePage(page: unknown, actions: unknown): ResolvedObserve['page'] {
  const isServed = page === undefined ? false : checkBoolean(page, 'observe.page');
  const allowed = checkActions(actions, 'observe.actions');
  if (isServed) return { actions: allowed };
  if (allowed.length === 0) return null;
  throw new InvalidOptionError('observe.actions are those of the live page, so observe.page: true is needed');
}

/** What is wrong with it is said without it. */
function checkToken(token: unknown): string {
  if (typeof token === 'string' && token.length >= TOKEN_LENGTH_MIN && token.length <= TOKEN_LENGTH_MAX) {
    if (tokenPattern.test(token)) return token;
    throw new InvalidOptionError("observe.token may have letters, digits and '-._~+/' alone, and '=' at its end");
  }
  throw new InvalidOptionError(
    `observe.token must be a string of ${TOKEN_LENGTH_MIN} to ${TOKEN_LENGTH_MAX} characters`,
  );
}
