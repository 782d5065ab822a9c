/** `drain` and `undrain`: a host or a process claims nothing, and hands over what it has. */
import { hostname } from 'node:os';
import { heldUnder, membersBy } from '../../operations/requests.js';
import { hostDrain } from '../../store/orders.js';
import type { Member } from '../../store/store.js';
import { pause } from '../../time/pause.js';
import { systemClock } from '../../time/systemClock.js';
import type { Register } from '../context.js';
import { CommandError, exits, UsageError } from '../exit.js';
import { withCommonOptions } from '../settings/common.js';
import { parseDuration, showDuration } from '../settings/durations.js';
import { readFilled, readReason, readText } from '../settings/values.js';
import { asker } from '../support/asking.js';
import { type Session, session } from '../support/session.js';
import { columns } from '../text/columns.js';
import { clean, showTime, some } from '../text/words.js';

const LOOK_MS = 500;

type Flags = Readonly<Record<string, unknown>>;

interface Target {
  readonly key: string;
  concerns(member: Member): boolean;
}

export const drain: Register = (program, context) => {
  const command = program
    .command('drain')
    .description(
      'let a process or a host claim nothing and hand over what it has, and follow that; without one, list drains',
    )
    .argument('[member]', 'the id of a member, or its beginning: all members of its process, until that ends')
    .option('--host <host>', 'all members of this host, until undrain')
    .option('--self-host', 'all members of this host, which is where the command runs')
    .option('--reason <text>', 'why, for those who look')
    .option('--wait <duration>', 'how long to follow; the drain stays (default: until it is done)')
    .option('--no-wait', 'do not follow');
  withCommonOptions(command).action((member: string | undefined, flags: Flags) => {
    const text = readText(flags.wait);
    const limit = text === undefined ? null : parseDuration(text, '--wait');
    check(member, flags);
    return session(flags, context, (opened) => run(member, flags, limit, opened));
  });
};

function check(member: string | undefined, { host, selfHost }: Flags): void {
  if ([member, host, selfHost].filter((given) => given !== undefined).length > 1) {
    throw new UsageError('give a member, --host or --self-host, and one of them');
  }
}

async function run(member: string | undefined, flags: Flags, limit: number | null, opened: Session): Promise<void> {
  const { reader, output } = opened;
  const target = await targetOf(member, flags, opened);
  if (target === null) return list(opened);
  const store = await opened.writer();
  const reason = readReason(flags);
  const { key } = target;
  await store.putDrain({
    key,
    by: asker(),
    at: new Date(systemClock.wall()),
    ...(reason === undefined ? {} : { reason }),
  });
  output.talk(`${key} is drained; Ctrl-C ends the waiting, and not the drain`);
  const until = limit === null ? Number.POSITIVE_INFINITY : systemClock.now() + limit;
  let held = await heldUnder(reader, target.concerns, systemClock);
  for (let told = -1; flags.wait !== false && held.length > 0; ) {
    if (held.length !== told)
      output.talk(`${some(held.length, 'subsystem')} left: ${held.map(({ name }) => clean(name)).join(', ')}`);
    told = held.length;
    if (systemClock.now() >= until) {
      const names = held.map(({ name }) => name).join(', ');
      const text = `${key} still holds ${names} after ${showDuration(limit ?? 0)}; it stays drained`;
      throw new CommandError(exits.late, text, 'ERR_TIMEOUT');
    }
    await pause(systemClock, LOOK_MS);
    held = await heldUnder(reader, target.concerns, systemClock);
  }
  output.result({ drain: key, held }, () => {
    return held.length === 0
      ? `${clean(key)} holds nothing`
      : `${clean(key)} is drained, and holds ${some(held.length, 'subsystem')} yet`;
  });
}

async function list({ reader, output, settings }: Session): Promise<void> {
  const drains = await reader.drains();
  if (drains.length === 0) output.talk(`nothing is drained in ${reader.label}`);
  const now = systemClock.wall();
  output.list(drains, () =>
    drains.length === 0
      ? ''
      : columns(
          ['DRAIN', 'BY', 'SINCE', 'REASON'],
          drains.map(({ key, by, at, reason }) => [
            ...[clean(key), clean(by), showTime(at, settings.time, now), clean(reason ?? '')],
          ]),
        ),
  );
}

export const undrain: Register = (program, context) => {
  const command = program
    .command('undrain')
    .description('let a process or a host claim again')
    .argument('[member]', 'the id of a member, or its beginning, or the drain as `drain` lists it')
    .option('--host <host>', 'all members of this host')
    .option('--self-host', 'all members of this host, which is where the command runs');
  withCommonOptions(command).action((member: string | undefined, flags: Flags) => {
    check(member, flags);
    return session(flags, context, async (opened) => {
      const drains = await opened.reader.drains();
      const listed = drains.find(({ key }) => key === member);
      const key = listed?.key ?? (await targetOf(member, flags, opened))?.key;
      if (key === undefined) throw new UsageError('give a member, --host or --self-host');
      if (!drains.some((each) => each.key === key)) {
        throw new CommandError(exits.refused, `${key} is not drained`, 'ERR_REFUSED');
      }
      await (await opened.writer()).removeDrain(key);
      opened.output.result({ drain: key, removed: true }, () => `${clean(key)} may claim again`);
    });
  });
};

/** Returns null if none was named. */
async function targetOf(prefix: string | undefined, flags: Flags, { reader }: Session): Promise<Target | null> {
  const host = flags.selfHost === true ? hostname() : readFilled(flags.host, '--host');
  if (host !== undefined) {
    return { key: hostDrain(host), concerns: (member) => member.host === host };
  }
  if (prefix === undefined) return null;
  if (prefix === '') throw new UsageError('the member is empty: give its id, or the beginning of it');
  const found = membersBy(prefix, await reader.members(null));
  const [first] = found;
  if (first === undefined) throw new CommandError(exits.none, `there is no member ${prefix}`, 'ERR_NONE');
  const keys = new Set(found.map(({ drain: key }) => key));
  if (keys.size > 1) {
    throw new UsageError(
      `${prefix} is the beginning of members of several processes: ${found.map(({ id }) => id).join(', ')}`,
    );
  }
  const { drain: key } = first;
  if (key === undefined) {
    const text = `${first.id} is of a version that knows no drain, or runs where processes cannot be told apart`;
    throw new CommandError(exits.refused, text, 'ERR_REFUSED');
  }
  return { key, concerns: (member) => member.drain === key };
}
