/** The network between the master and the server is cut: its work stops before another member's begins. */
import { expect, inject, onTestFinished, test } from 'vitest';
import { allIsDone, expectSafe, MemberProcess, numbers, shuffled } from '../processes/memberProcess.ts';
import { temporaryFolder } from '../support/clusters.ts';
import { databaseUri } from '../support/database.ts';
import { Journal } from '../support/journal.ts';
import { TcpProxy } from '../support/tcpProxy.ts';

test.each(['swallow', 'cut'] as const)(
  'a master whose packets the network does %s stops in time, and comes back as standby',
  async (mode) => {
    const journal = new Journal(await temporaryFolder());
    const uri = databaseUri();
    const proxy = await TcpProxy.before(uri);
    onTestFinished(() => proxy.close());
    const ids = numbers(1000);
    const start = (connectString: string, turn: number) =>
      new MemberProcess({ mongodb: { connectString } }, journal, { ids: shuffled(ids, turn), ms: 4 });
    const cut = start(proxy.uri(uri), 0);
    await cut.enters('master');
    const others = [start(uri, 1), start(uri, 2)];
    await Promise.all(others.map((other) => other.enters('slave')));
    await cut.hasDone(40);

    proxy.mode = mode;
    await cut.enters('error');
    await cut.losesLease();
    expect(cut.leasesLost()).toEqual({ entered: 1, said: 1 });
    // The one that works, not the first one that is elected: see `allIsDone`.
    const next = await Promise.race(others.map((other) => other.hasDone(20)));
    const from = cut.program.lines.length;
    proxy.mode = 'pass';
    await cut.enters('slave', from);
    // What the other did in the meantime has left its queue by the time it is master again.
    await next.stop();
    await allIsDone([...others, cut]);
    await Promise.all([...others, cut].filter((member) => member !== next).map((member) => member.stop()));

    expectSafe(journal, ids);
    const lines = journal.lines();
    // Each line of the work was written under a lease that was still valid.
    expect(lines.filter(({ left }) => left <= 0)).toEqual([]);
    const [before, after] = [lines.filter(({ term }) => term === 1), lines.filter(({ term }) => term > 1)];
    expect(before.at(-1)?.at).toBeLessThan(after[0]?.at ?? 0n);
    expect(cut.program.lines.filter((line) => line.startsWith('panic'))).toEqual([]);
    // Only a store without atomic writes takes another one from it.
    const { entered, said } = cut.leasesLost();
    expect(said).toBe(entered);
    if (inject('server').atomic) expect(said).toBe(1);
  },
);
