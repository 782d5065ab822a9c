/** What CommonJS gets: `node required.cjs` prints the names of the exports. */
const mongoFailover = require('mongo-failover');

const { managed, unmanaged } = mongoFailover.failover({ nodb: true });
console.log(typeof managed, typeof unmanaged, Object.keys(mongoFailover).sort().join(' '));
