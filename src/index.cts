/**
 * The entry of `require`. Node.js itself requires ES modules, so both entries give one instance. Where another `require`
 * is in scope, as in Jest, it may refuse to load one. It then gets the same code as CommonJS, and nothing else has an
 * instance in that registry of modules.
 */
function load(): object {
  try {
    return require('./index.js');
  } catch {
    return require('../commonjs/index.js');
  }
}

// A copy, because the namespace of an ES module takes no spy of a test runner.
export = { ...load() };
