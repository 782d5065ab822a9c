/** The status of all clusters of a service, by one call. */
import { expect, test } from 'vitest';
import { open, settledFolder } from '../support/clusters.ts';
import { Events } from '../support/events.ts';

test('is that of each cluster, in the order of their first use', async () => {
  const service = open({ folder: await settledFolder() });
  expect(await service.status()).toEqual([]);
  // More than are asked at once.
  const names = Array.from({ length: 40 }, (_, number) => `service ${number}`);
  const clusters = names.map((name) => new service.unmanaged(name));
  const events = clusters.map((cluster) => new Events(cluster));
  // One that was made and not used is no member yet.
  new service.unmanaged('unused');
  await Promise.all(clusters.map((cluster) => cluster.run()));
  await Promise.all(events.map((each) => each.first('master')));
  const told = await service.status();
  expect(told.map(({ name, state, term }) => ({ name, state, term }))).toEqual(
    names.map((name) => ({ name, state: 'master', term: 1 })),
  );
  const id = (await clusters[7]?.status())?.id;
  expect(told[7]).toMatchObject({ id, members: [{ id }] });

  await clusters[0]?.stop();
  expect((await service.status()).map(({ name }) => name)).toEqual(names.slice(1));
  await service.close();
  await expect(service.status()).rejects.toMatchObject({ code: 'ERR_STOPPED' });
});
