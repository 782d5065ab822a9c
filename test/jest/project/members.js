/** Helpers of the tests: members in a store of their own, and what they tell. */
const { rmSync } = require('node:fs');
const { join } = require('node:path');

// Who is master stays it, however busy the disk is.
const intervals = { INIT: 0, MASTER: 500, SLAVE: 20_000, TICKING: 10_000 };

let stores = 0;

/** Hands `failover()` with one of the stores in which there was no master yet to `use`, and closes it afterwards. */
async function withFailover({ failover }, use) {
  stores += 1;
  const path = join(process.env.STORES, String(stores));
  const made = failover({ nodb: { path }, intervals });
  try {
    return await use(made);
  } finally {
    await made.close();
    rmSync(path, { recursive: true, force: true });
  }
}

/** Collects the arguments of an event; `next()` gives those of the next one. */
function eventsOf(cluster, name) {
  const told = [];
  const asked = [];
  cluster.on(name, (...args) => {
    const ask = asked.shift();
    if (ask === undefined) told.push(args);
    else ask(args);
  });
  return {
    next: () => (told.length > 0 ? Promise.resolve(told.shift()) : new Promise((resolve) => asked.push(resolve))),
  };
}

module.exports = { eventsOf, withFailover };
