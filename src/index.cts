/**
 * The entry of `require`. Node.js itself requires ES modules, so both entries give one instance. Where another `require`
 * is in scope, as in Jest, it may refuse to load one. It then gets the same code as CommonJS, and nothing else has an
 * instance in that registry of modules.
 */
function load(): object {
  try {
    return require('./index.js');
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return require('../commonjs/index.js');
  }
}

/** Returns whether `require` loads no ES module at all. Another error, such as that of a damaged file, is not hidden. */
function isRefusal(error: unknown): boolean {
  if (!(typeof error === 'object' && error !== null)) return false;
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (code !== undefined) return code === 'ERR_REQUIRE_ESM';
  return /\bES Modules?\b|import statement|token '?(?:export|import)/i.test(String(message));
}

// A copy, because the namespace of an ES module takes no spy of a test runner.
export = { ...load() };
