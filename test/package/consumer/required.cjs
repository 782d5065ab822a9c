/** What CommonJS gets: `node required.cjs` prints whether `import` gives the same, and the names of the exports. */
const mongoFailover = require('mongo-failover');

const { managed, unmanaged } = mongoFailover.failover({ nodb: true });
import('mongo-failover').then((imported) => {
  const same = Object.keys(imported).every((name) => imported[name] === mongoFailover[name]) ? 'same' : 'another';
  console.log(typeof managed, typeof unmanaged, same, Object.keys(mongoFailover).sort().join(' '));
});
