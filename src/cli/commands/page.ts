/** `page`: serves the live page from a process of its own, by the store alone. */
import { randomBytes } from 'node:crypto';
import { isLoopback, TOKEN_LENGTH_MIN, tokenPattern } from '../../options/observe.js';
import { checkActions } from '../../options/pageActions.js';
import { resolveOptions } from '../../options/resolve.js';
import type { Guard } from '../../page/access.js';
import { checkTitle } from '../../page/options.js';
import { warner } from '../../page/warnings.js';
import type { Register } from '../context.js';
import { CommandError, exits, UsageError } from '../exit.js';
import { withCommonOptions } from '../settings/common.js';
import { readCount, readText } from '../settings/values.js';
import { asker } from '../support/asking.js';
import { type Session, session } from '../support/session.js';

const PORT = 7717;
const HOST = '127.0.0.1';

type Flags = Readonly<Record<string, unknown>>;

export const page: Register = (program, context) => {
  const command = program
    .command('page')
    .description('serve the live page to a browser; prints its address, which has a token that no other start has')
    .option('--port <port>', `the port to listen on; 0: a free one (default: ${PORT})`)
    .option('--host <host>', `where to listen; others than this machine need a secret to be given (default: ${HOST})`)
    .option('--actions', 'allow changes: requeue, discard, cancel, pause, hand over, drain, schedules')
    .option('--payload', 'show payloads')
    .option('--title <text>', 'what its header shows, such as staging')
    .option('--user <name>', 'the name to log in with, instead of the token')
    .option('--password <text>', 'the password to log in with; better by MONGO_FAILOVER_PASSWORD')
    .option('--token <text>', 'the token, instead of one that is made; better by MONGO_FAILOVER_TOKEN');
  withCommonOptions(command).action((flags: Flags) => {
    const asked = {
      port: readCount(flags.port, '--port', { max: 65_535, fallback: PORT }),
      host: hostOf(readText(flags.host) ?? HOST),
      secret: secretOf(flags, process.env),
      title: flags.title === undefined ? null : checkTitle(flags.title, '--title'),
    };
    if (!isLoopback(asked.host)) mustBeSecret(asked.host, asked.secret);
    return session(flags, context, (opened) => serve(asked, flags, opened));
  });
};

interface Asked {
  readonly port: number;
  readonly host: string;
  /** Null: a token is made. */
  readonly secret: Guard | null;
  readonly title: string | null;
}

/** What others can reach needs a secret that cannot be guessed. */
function mustBeSecret(host: string, secret: Guard | null): void {
  if (secret === null) {
    throw new UsageError(
      `--host ${host} can be reached by others, so --token, or --user and --password, must be given`,
    );
  }
  if (secret.type === 'password' && secret.password.length < TOKEN_LENGTH_MIN) {
    throw new UsageError(
      `--host ${host} can be reached by others, so the password must have ${TOKEN_LENGTH_MIN} or more characters`,
    );
  }
}

function hostOf(host: string): string {
  if (host !== '' && !/[\s/\0]/.test(host)) return host;
  throw new UsageError(`--host takes a host name or an address, not ${JSON.stringify(host)}`);
}

function secretOf(flags: Flags, variables: NodeJS.ProcessEnv): Guard | null {
  const user = readText(flags.user);
  const password = readText(flags.password) ?? variables.MONGO_FAILOVER_PASSWORD;
  const token = readText(flags.token) ?? variables.MONGO_FAILOVER_TOKEN;
  if (user !== undefined) {
    if (flags.token !== undefined) throw new UsageError('give --token, or --user and --password, and not both');
    if (password === undefined || password === '') throw new UsageError('--user needs a --password');
    if (user === '' || user.includes(':')) throw new UsageError('--user takes a name without a colon');
    return { type: 'password', user, password };
  }
  if (flags.password !== undefined) throw new UsageError('--password needs a --user');
  if (token === undefined || token === '') return null;
  if (token.length >= TOKEN_LENGTH_MIN && tokenPattern.test(token)) return { type: 'token', token };
  throw new UsageError(`a token has ${TOKEN_LENGTH_MIN} or more letters, digits and '-._~+/'`);
}

async function serve({ port, host, secret, title }: Asked, flags: Flags, opened: Session): Promise<void> {
  const { settings, output, signal } = opened;
  const [{ Site, VIEWERS_MAX }, { PageServer }] = await Promise.all([
    import('../../page/site.js'),
    import('../../page/server.js'),
  ]);
  const made = randomBytes(24).toString('base64url');
  const actions = checkActions(flags.actions === true, '--actions');
  const site = new Site({
    store: resolveOptions(settings.store).store,
    options: { authorize: null, redact: null, payload: flags.payload === true, title, actions, base: '' },
    guard: secret ?? { type: 'token', token: made },
    ...{ viewersMax: VIEWERS_MAX, by: asker(), timeout: settings.timeout, failed: warner() },
  });
  // What made sure that the store is there is of no further use.
  await opened.reader.close();
  const server = new PageServer(site);
  try {
    const listening = await server.listen(port, host).catch((error: unknown) => {
      throw taken(error, port, host);
    });
    const shown = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
    const url = `http://${shown}:${listening}/${secret === null ? `#token=${made}` : ''}`;
    output.result({ url, store: opened.reader.label, actions }, () => url);
    output.talk('open it in a browser; Ctrl-C ends it');
    await aborted(signal);
  } finally {
    await server.close();
  }
}

/** Resolves when the signal aborts, or has done so already: while the store was opened, or the port. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function taken(error: unknown, port: number, host: string): CommandError {
  const { code, message } = error instanceof Error && 'code' in error ? error : { code: '', message: String(error) };
  const why = code === 'EADDRINUSE' ? 'another program uses it; give another --port, or 0 for a free one' : message;
  return new CommandError(exits.failed, `port ${port} of ${host} cannot be listened on: ${why}`, 'ERR_PAGE');
}
