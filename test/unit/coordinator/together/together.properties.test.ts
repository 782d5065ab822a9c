/** Whatever a store does, each member has one answer in time, and no store is asked for more than so much at once. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CallSize } from '../../../../src/coordinator/together/callSize.ts';
import { Together } from '../../../../src/coordinator/together/together.ts';
import { StoreError } from '../../../../src/errors.ts';
import { VirtualClock } from '../../../support/virtualClock.ts';

const LIMIT = 400;
/** A read waits for twice the limit at most, also if it is asked once more, and then has the limit. */
const ANSWERED_MAX = 2 * LIMIT + LIMIT;

interface Asked {
  readonly key: string;
  readonly number: number;
}

const outcome = fc.record({ ms: fc.integer({ min: 0, max: LIMIT }), fails: fc.boolean(), some: fc.boolean() });
const action = fc.oneof(
  fc.record({ type: fc.constant('ask' as const), from: fc.nat(90), count: fc.integer({ min: 1, max: 90 }) }),
  fc.record({ type: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: LIMIT }) }),
  fc.record({ type: fc.constant('overtake' as const), key: fc.nat(90) }),
);

test('each is answered once, in time, and never by what something newer has overtaken', async () => {
  const walk = fc.asyncProperty(
    fc.array(action, { maxLength: 25 }),
    fc.array(outcome, { minLength: 1, maxLength: 30 }),
    fc.boolean(),
    async (actions, outcomes, isRead) => {
      const clock = new VirtualClock();
      const turns: (() => void)[] = [];
      const underWay = { calls: 0, singles: 0 };
      const overtaken = new Set<number>();
      const wrong: string[] = [];
      let calls = 0;
      const send = async (asked: readonly Asked[], kind: 'calls' | 'singles'): Promise<(string | StoreError)[]> => {
        // Together takes what is thrown here for a store that fails.
        if (new Set(asked.map(({ key }) => key)).size < asked.length) wrong.push('one key twice');
        if (asked.some(({ number }) => overtaken.has(number))) wrong.push('overtaken, and sent');
        underWay[kind] += 1;
        if (underWay.calls > 16 + 64) wrong.push(`${underWay.calls} calls at once`);
        const { ms, fails, some } = outcomes[calls % outcomes.length] ?? { ms: 0, fails: false, some: false };
        calls += 1;
        await new Promise<void>((resolve) => clock.at(clock.now() + ms, resolve));
        underWay[kind] -= 1;
        const error = new StoreError(ms > LIMIT / 2 ? 'ERR_STORE_UNAVAILABLE' : 'ERR_STORE', 'it failed');
        if (fails) throw error;
        return asked.map(({ key, number }) => (some && number % 3 === 0 ? error : key));
      };
      const together = new Together<Asked, string>({
        ...{ what: 'beat', clock, limit: LIMIT, size: new CallSize(LIMIT), splitsIfSlow: true, isRead },
        soon: (callback) => void turns.push(callback),
        keyOf: ({ key }) => key,
        all: (asked) => send(asked, 'calls'),
        one: async (asked) => {
          const [answer = ''] = await send([asked], 'singles');
          if (answer instanceof StoreError) throw answer;
          return answer;
        },
      });
      const turn = (): void => {
        for (const callback of turns.splice(0)) callback();
      };
      let number = 0;
      const open = new Map<number, { readonly key: string; readonly at: number }>();
      const sentSince = (key: string): number[] =>
        [...open].flatMap(([one, asked]) => (asked.key === key ? [one] : []));
      for (const each of actions) {
        if (each.type === 'wait') await clock.advance(each.ms);
        else if (each.type === 'overtake') {
          const before = new Set(sentSince(`${each.key}`));
          together.overtake(`${each.key}`);
          await clock.advance(0);
          // What was not under way is answered now.
          for (const one of before) if (!open.has(one)) overtaken.add(one);
        } else {
          for (let index = 0; index < each.count; index++) {
            const asked = { key: `${(each.from + index) % 91}`, number };
            number += 1;
            open.set(asked.number, { key: asked.key, at: clock.now() });
            const ended = (): void => {
              const { at } = open.get(asked.number) ?? { at: Number.NEGATIVE_INFINITY };
              if (clock.now() - at > ANSWERED_MAX) wrong.push(`answered after ${clock.now() - at} ms`);
              if (!open.delete(asked.number)) wrong.push('answered twice');
            };
            together.ask(asked).then((key) => {
              if (key !== asked.key) wrong.push(`${asked.key} was answered with ${key}`);
              ended();
            }, ended);
          }
          turn();
        }
      }
      await clock.advance(ANSWERED_MAX);
      expect(wrong).toEqual([]);
      expect([...open.values()]).toEqual([]);
      expect(underWay).toEqual({ calls: 0, singles: 0 });
    },
  );
  await fc.assert(walk, { numRuns: 120 });
});
