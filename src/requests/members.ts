/** Which members there are for a request, as their lines in the store say. */
import type { Member } from '../store/store.js';
import { type Refused, refused } from './change.js';

/** How often a member says in the store that it is there, in ms. The protocol never looks at it. */
export const SIGN_PERIOD_MS = 30_000;
/** The line of one that is taken for gone is older than so many of them. */
const SIGNS_MISSED_MAX = 3;

/** Returns the members whose id begins with the text; the one with exactly this id goes before all. */
export function membersBy(prefix: string, members: readonly Member[]): Member[] {
  const exact = members.filter(({ id }) => id === prefix);
  return exact.length > 0 ? exact : members.filter(({ id }) => id.startsWith(prefix));
}

/** Returns whether the member is taken for gone, by its line. `now`: the wall clock, in ms. */
export function isGone({ at }: Pick<Member, 'at'>, now: number): boolean {
  return now - at.getTime() > SIGNS_MISSED_MAX * SIGN_PERIOD_MS;
}

interface Sought {
  readonly master: string;
  /** The id of a member, or its beginning; undefined: any. */
  readonly to: string | undefined;
  /** The wall clock, in ms. */
  readonly now: number;
}

/** Returns the id of the member that is to be the next master; null: any of those that could be. */
export function successorAmong(
  members: readonly Member[],
  { master, to, now }: Sought,
): { readonly id: string | null } | Refused {
  if (to === undefined) {
    const others = members.filter(({ id }) => id !== master);
    const reasons = others.map((member) => barred(member, now));
    if (reasons.includes(null)) return { id: null };
    const each = others.map(({ id }, index) => `${id}: ${reasons[index]}`);
    return refused(['it has no other member that could be master', ...each].join('; '));
  }
  const [found, ...more] = membersBy(to, members);
  if (found === undefined) return refused(`it has no member ${to}`);
  if (more.length > 0) return refused(`${to} may be ${[found, ...more].map(({ id }) => id).join(' or ')}: name one`);
  if (found.id === master) return refused(`${master} is the master already`);
  const why = barred(found, now);
  return why === null ? { id: found.id } : refused(`the member ${found.id} cannot be master: ${why}`);
}

/** Returns why a member could not be master; null: it could. */
function barred({ priority, drained, at }: Member, now: number): string | null {
  if (priority === 0) return 'its priority is 0';
  if (drained === true) return 'it is drained';
  if (!isGone({ at }, now)) return null;
  const age = Math.round((now - at.getTime()) / 1000);
  return `it has not been heard of for ${age} s, so it is gone, or clocks differ`;
}
