jest.mock('mongo-failover');
const { failover, FailoverError } = require('mongo-failover');

test('an automatic mock has all its exports', () => {
  expect(failover({ nodb: true })).toBe(undefined);
  expect(failover).toHaveBeenCalledWith({ nodb: true });
  expect(new FailoverError('ERR_STOPPED', 'x')).toBeInstanceOf(FailoverError);
});
