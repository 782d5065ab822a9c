import { failover } from 'mongo-failover';
import { databaseUri } from '../support/database.ts';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { mkdtempSync, writeFileSync } from 'node:fs';
test('smoke', async () => {
  console.log(import.meta.resolve?.('mongo-failover'), process.on.name, failover.toString().slice(0,80), new Error('x').stack);
  const d = mkdtempSync('/tmp/mf-');
  writeFileSync(d + '/w.mjs', 'export default async (t) => true');
  for (const o of [{nodb: {path: d}}, {mongodb: {connectString: databaseUri()}}]) {
  const f = failover({ ...o, intervals: { MASTER: 100, SLAVE: 150, TICKING: 100 } });
  const c = new f.managed<{ id: number }>('x', 'id', d + '/w.mjs');
  c.on('statechange', (a, b) => console.log(a, b, performance.now()));
  await c.run();
  const done = once(c, 'done');
  console.log(await c.submitWork({ id: 1 }));
  console.log(await done, c.term);
  console.log(JSON.stringify(await c.status()));
  await c.stop();
  }
});
