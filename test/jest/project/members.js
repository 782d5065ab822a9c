/** Helpers of the tests: members in a store of their own, and what they tell. */
const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

const intervals = { INIT: 0, MASTER: 500, SLAVE: 1000, TICKING: 1000 };

/** Hands `failover()` with a new store to `use`, and closes it afterwards. */
async function withFailover({ failover }, use) {
  const path = mkdtempSync(join(tmpdir(), 'jest-store-'));
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
