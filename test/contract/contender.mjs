// A process of its own that uses a store as a member would, on the built package. It takes one job by message, answers
// with what it won, and must then end by itself: a handle that a closed store leaves behind would keep it alive.
import { open } from 'lmdb';
import { LastCommit } from '../../dist/src/store/embedded/lastCommit.js';
import { loadStore } from '../../dist/src/store/loadStore.js';

const lease = (term, beat, claim) => ({
  term,
  beat,
  ack: 0,
  holder: `holder ${process.pid}`,
  claim,
  ttl: 4500,
  identifier: null,
  count: 0,
  recent: [],
});

const taskOf = (id) => ({ id, bytes: Buffer.from(`payload of ${id}`) });

const jobs = {
  /** Moves the lease from version to version until one has `last` beats; says which versions it won. */
  async compareAndSet(store, { name, last }) {
    const won = [];
    for (;;) {
      const [{ lease: seen }] = await store.observe([{ name, tip: 0 }]);
      const beat = (seen?.beat ?? 0) + 1;
      if (beat > last) return won;
      const next = lease(1, beat, `${process.pid}/${beat}`);
      if (await store.compareAndSetLease(name, seen, next)) won.push(beat);
    }
  },
  /** Inserts every term up to `last`; says for each whether it won, or whose claim was there. */
  async insert(store, { name, last }) {
    const results = [];
    for (let term = 1; term <= last; term++) {
      const claim = `${process.pid}/${term}`;
      const result = await store.insertTerm({ name, term, holder: `holder ${process.pid}`, claim, ttl: 1000 });
      results.push({ term, claim: result.inserted ? claim : result.claim, inserted: result.inserted });
    }
    return results;
  },
  /** Writes as fast as it can until it is killed; says so once it has begun. */
  async writeForever(store, { name }) {
    for (let count = 1; ; count++) {
      const [{ lease: seen }] = await store.observe([{ name, tip: 0 }]);
      const term = (seen?.term ?? 0) + 1;
      const claim = `${process.pid}/${count}`;
      if (!(await store.compareAndSetLease(name, seen, lease(term, 0, claim)))) continue;
      const { inserted } = await store.insertTerm({ name, term, holder: `holder ${process.pid}`, claim, ttl: 1000 });
      process.send({ term, inserted });
    }
  },
  /** Adds its own tasks in batches, one after another; says which number each id got. */
  async addOwn(store, { name, batches, size }) {
    const results = [];
    for (let batch = 0; batch < batches; batch++) {
      const ids = Array.from({ length: size }, (_, index) => `${process.pid}/${batch}/${index}`);
      const added = await store.tasks.addTasks(name, ids.map(taskOf), 1_000_000);
      results.push(...added.map(({ seq }, index) => ({ id: ids[index], seq })));
    }
    return results;
  },
  /** Adds batches until it is killed; says the highest number after each. */
  async addForever(store, { name, size, kill }) {
    for (let count = 0; ; count++) {
      const ids = Array.from({ length: size }, (_, index) => `${kill}/${count}/${index}`);
      const added = await store.tasks.addTasks(name, ids.map(taskOf), 1_000_000);
      process.send({ term: added.at(-1).seq });
    }
  },
  /** Adds so many tasks of so many bytes each. */
  async addLarge(store, { name, count, size }) {
    const tasks = Array.from({ length: count }, (_, id) => ({ id, bytes: Buffer.alloc(size, id) }));
    return (await store.tasks.addTasks(name, tasks, 1_000_000)).length;
  },
  /** Adds tasks that the others add too, in an order of its own; says which of them it stored. */
  async addShared(store, { name, count, size }) {
    const ids = Array.from({ length: count }, (_, index) => `shared ${(index * 7 + process.pid) % count}`);
    const results = [];
    for (let at = 0; at < count; at += size) {
      const some = ids.slice(at, at + size);
      const added = await store.tasks.addTasks(name, some.map(taskOf), 1_000_000);
      results.push(...added.map(({ type, seq }, index) => ({ id: some[index], type, seq })));
    }
    return results;
  },
  /** Takes the write lock of the embedded store, and stops with it. */
  async holdLock(_store, { path }) {
    open({ path, noSubdir: false, overlappingSync: false }).transactionSync(() => {
      process.send({ holding: true });
      process.kill(process.pid, 'SIGSTOP');
    });
  },
  /** Writes all the time, and exits in the midst of it when it is told to. */
  async exitBusy(store, { name }) {
    process.once('message', () => process.exit());
    for (let term = 1; ; term++) {
      const writes = Array.from({ length: 20 }, (_, index) => {
        const record = { name: `${name} ${index}`, term, holder: 'h', claim: 'c', ttl: 1000 };
        return store.insertTerm(record);
      });
      await Promise.all(writes);
      process.send({ term });
    }
  },
  /**
   * Does again and again what LMDB does in a process that opens the store and is slow at that: writes the number of the
   * last commit that it has read into the lock file, when there are more commits by then. Says how often it did.
   */
  async openSlowly(_store, { path }) {
    const commits = new LastCommit(path);
    for (let term = 1; ; term++) {
      const last = commits.read();
      while (commits.read() < last + 1 + (term % 4)) await new Promise((resolve) => setImmediate(resolve));
      commits.restore(last);
      process.send({ term });
    }
  },
  /** Opens the store, and keeps it open without a call until it is killed. */
  async keepOpen() {
    process.send({ holding: true });
    await new Promise(() => setInterval(() => {}, 1000));
  },
  /** Opens the store, and says what came of it. */
  async open() {
    return 'opened';
  },
};

process.once('message', async ({ options, limits, job, ...what }) => {
  const store = await loadStore(options, limits);
  try {
    await store.open();
    process.send({ ready: true });
    if (what.wait) await new Promise((resolve) => process.once('message', resolve));
    process.send({ result: await jobs[job](store, what) });
  } catch (error) {
    process.send({ error: { code: error.code, message: error.message } });
  }
  await store.close();
  process.disconnect();
});
