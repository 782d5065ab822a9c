/**
 * A process that ends by itself gives its leases back, whatever its work is, and the next member does not wait. The
 * intervals are so long that a lease which is left to expire would outlast the test.
 */
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { settledStore } from '../support/settledStore.ts';
import { startMember } from '../support/startMember.ts';
import { stores } from '../support/stores.ts';

const program = fileURLToPath(new URL('./fixtures/exitingMember.mjs', import.meta.url));
const intervals = { MASTER: 20_000, SLAVE: 300_000, TICKING: 300_000, POLL: 50 };

describe.each(stores)('on the store %s', (store) => {
  const kinds = [
    ['module', 'throw', 'done short', 1],
    ['module', 'exit', 'done short', 3],
    ['function', 'throw', 'begin long', 1],
    ['unmanaged', 'exit', 'state 1 master 1', 3],
  ] as const;
  // The server decides nothing about what ends.
  const tried = store === 'embedded' ? kinds : kinds.slice(0, 1);
  test.each(tried)('work: %s, ended by %s', async (kind, how, when, code) => {
    const options = { ...(await settledStore(store)).options, intervals };
    const told = { options, kind, ...(kind === 'unmanaged' ? {} : { tasks: ['short', 'long', 'last'] }) };
    const ending = startMember(program, { ...told, how, when });
    await ending.line(/^state 1 master 1$/);
    const next = startMember(program, { options, kind, how: 'stay' });
    await next.line(/^state 1 master 2$/);
    expect(await ending.ended).toEqual({ code, signal: null });
    // Other listeners still hear of the exit, with its code.
    expect(ending.lines).toContain(`exit ${code}`);
    if (kind === 'unmanaged') return;
    await next.line(/^begin long$/);
    expect(next.lines).not.toContain('begin short');
  });
});

test('several in one process are all released', async () => {
  const options = { ...(await settledStore('embedded')).options, intervals };
  const told = { options, kind: 'unmanaged', clusters: 3 };
  const ending = startMember(program, { ...told, how: 'exit', when: 'state 3 master 1' });
  await ending.line(/^state 3 master 1$/);
  const next = startMember(program, { ...told, how: 'stay' });
  await Promise.all([1, 2, 3].map((number) => next.line(new RegExp(`^state ${number} master 2$`))));
  expect(await ending.ended).toEqual({ code: 3, signal: null });
});
