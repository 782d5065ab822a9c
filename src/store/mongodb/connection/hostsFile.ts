/** What the system's files say about names, read synchronously. */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';

export type ReadText = (path: string) => string | undefined;

export interface NameFiles {
  readonly hosts: string;
  readonly resolver: string;
}

const windows = join(process.env.SystemRoot ?? 'C:\\Windows', 'System32', 'drivers', 'etc', 'hosts');

export const nameFiles: NameFiles = {
  hosts: process.platform === 'win32' ? windows : '/etc/hosts',
  resolver: '/etc/resolv.conf',
};

/** Returns the text of a file; undefined if it cannot be read. */
export const readText: ReadText = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};

/** Returns the addresses of a name, in the order of the file. `localhost` has its own without a file. */
export function addressesInHosts(name: string, text: string | undefined): string[] {
  const wanted = name.toLowerCase();
  const found: string[] = [];
  for (const line of (text ?? '').split(/\r?\n/)) {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (isIP(address) === 0 || found.includes(address)) continue;
    if (names.some((other) => other.toLowerCase() === wanted)) found.push(address);
  }
  return found.length === 0 && /(?:^|\.)localhost$/.test(wanted) ? ['127.0.0.1', '::1'] : found;
}

/** Returns the full names to ask a DNS server for, first things first, by `search` and `ndots` of resolv.conf. */
export function fullNames(name: string, text: string | undefined): string[] {
  if (name.endsWith('.')) return [name];
  let suffixes: string[] = [];
  let least = 1;
  for (const line of (text ?? '').split(/\r?\n/)) {
    const [keyword, ...values] = line
      .replace(/[#;].*/, '')
      .trim()
      .split(/\s+/);
    if (keyword === 'search' || keyword === 'domain') suffixes = values;
    const ndots = keyword === 'options' ? values.find((value) => /^ndots:\d+$/.test(value)) : undefined;
    if (ndots !== undefined) least = Number(ndots.slice('ndots:'.length));
  }
  const longer = suffixes.filter((suffix) => suffix !== '.').map((suffix) => `${name}.${suffix.replace(/\.$/, '')}`);
  const dots = name.split('.').length - 1;
  return dots >= least ? [name, ...longer] : [...longer, name];
}
