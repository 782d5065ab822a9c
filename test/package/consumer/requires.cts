/** Uses the types as CommonJS does. */
import mongoFailover = require('mongo-failover');

const { unmanaged: Unmanaged, close } = mongoFailover.failover({ nodb: true });
const cluster = new Unmanaged('billing');
cluster.on('error', (error) => console.log(error instanceof mongoFailover.FailoverError ? error.code : error.message));
cluster.run().then(close);
