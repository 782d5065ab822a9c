/** Which of the options of Node.js a guard has in common with its ward: those that a connection to a server depends on. */

const SHARED =
  /^--(?:use-|tls-|openssl-|enable-fips|force-fips|secure-heap|dns-|(?:no-)?network-family|ssl-|preserve-symlinks|allow-|(?:experimental-)?permission)/;

/**
 * Returns those of `options` that a guard is started with. The others stay away: preloads are code of the user, which would run
 * there, too, and a debugger would find its port taken.
 */
export function guardOptions(options: readonly string[]): string[] {
  let isShared = false;
  return options.filter((option) => {
    // What begins with no dash is the value of the option before it.
    if (option.startsWith('-')) isShared = SHARED.test(option);
    return isShared;
  });
}
