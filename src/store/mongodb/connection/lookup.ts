/**
 * Looks up the names of servers. `dns.lookup` asks the system, but in libuv's thread pool, where it may wait for ever.
 * So the system is asked first, at most once at a time for each name. When it has not answered within `SYSTEM_MAX_MS`,
 * the name is looked for in the hosts file and then, by c-ares, on the DNS servers, both outside of the pool. When these
 * do not know it, or do not answer in time, the last answer of the system is used.
 */
import dns, { type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { addressesInHosts, fullNames, type NameFiles, nameFiles, type ReadText, readText } from './hostsFile.js';

/** How long the system is waited for, in ms. Connecting has 450 ms at least. */
const SYSTEM_MAX_MS = 100;
/** How long DNS servers are waited for when there is an older answer, in ms. */
const DNS_MAX_MS = 150;

interface LookupParts {
  /** Asks the system, as `dns.lookup` with `all` does. */
  system(name: string, family: number): Promise<LookupAddress[]>;
  /** Asks DNS servers, outside of the pool. */
  resolve(name: string, family: 4 | 6): Promise<string[]>;
  readonly readText: ReadText;
  readonly files: NameFiles;
  /** Resolves after so many ms. */
  pause(ms: number): Promise<undefined>;
}

export class NameLookup {
  private readonly asked = new Map<string, { answer: Promise<LookupAddress[]>; late: boolean }>();
  private readonly known = new Map<string, LookupAddress[]>();

  constructor(private readonly parts: LookupParts) {}

  /** Returns at least one address, or rejects as `dns.lookup` does. Without any answer it waits; the caller has a limit. */
  async addresses(name: string, family: number): Promise<LookupAddress[]> {
    const ip = isIP(name);
    if (ip !== 0) return [{ address: name, family: ip }];
    const { answer, late } = this.ask(name, family);
    // One that is late already has had its time.
    const inTime = late ? undefined : await Promise.race([answer, this.parts.pause(SYSTEM_MAX_MS)]);
    if (inTime !== undefined) return inTime;
    const question = this.asked.get(keyOf(name, family));
    if (question !== undefined) question.late = true;
    const own = this.ownAnswer(name, family);
    // The first that knows the name. One that is in neither place may still be known to the system alone, as by mDNS.
    return Promise.any([answer, own]).catch(() => own);
  }

  private ask(name: string, family: number): { answer: Promise<LookupAddress[]>; late: boolean } {
    const key = keyOf(name, family);
    const underWay = this.asked.get(key);
    if (underWay !== undefined) return underWay;
    const question = { answer: this.parts.system(name, family), late: false };
    this.asked.set(key, question);
    const ended = (): void => void this.asked.delete(key);
    question.answer.then((found) => this.known.set(key, found)).then(ended, ended);
    return question;
  }

  private async ownAnswer(name: string, family: number): Promise<LookupAddress[]> {
    const { readText, files, pause } = this.parts;
    const listed = addressesInHosts(name, readText(files.hosts)).map(withFamily).filter(of(family));
    if (listed.length > 0) return listed;
    const resolving = this.resolve(name, family);
    const known = this.known.get(keyOf(name, family));
    if (known === undefined) return resolving;
    const answer = resolving.catch(() => known);
    return Promise.race([answer, pause(DNS_MAX_MS).then(() => known)]);
  }

  private async resolve(name: string, family: number): Promise<LookupAddress[]> {
    const families = ([4, 6] as const).filter((one) => family === 0 || family === one);
    let failure: unknown;
    for (const full of fullNames(name, this.parts.readText(this.parts.files.resolver))) {
      const answers = await Promise.allSettled(families.map((one) => this.parts.resolve(full, one)));
      const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
      if (found.length > 0) return found.map(withFamily);
      failure ??= answers.find((answer) => answer.status === 'rejected')?.reason;
    }
    throw failure ?? Object.assign(new Error(`no address of ${name} was found`), { code: 'ENOTFOUND' });
  }
}

/** Makes the `lookup` of `net.connect` out of it. */
export function lookupFunction(names: NameLookup): LookupFunction {
  return (name, { all, family }, answer) => {
    const number = family === 'IPv4' ? 4 : family === 'IPv6' ? 6 : Number(family ?? 0);
    names.addresses(name, number).then(
      (found) => {
        const [first] = found;
        if (all === true) answer(null, found);
        else answer(null, first?.address ?? '', first?.family);
      },
      (error: NodeJS.ErrnoException) => answer(error, all === true ? [] : ''),
    );
  };
}

const resolver = new dns.promises.Resolver({ timeout: 1000, tries: 2 });

/** One for the process: what one client has learnt holds for all. */
export const systemLookup = lookupFunction(
  new NameLookup({
    system: (name, family) => dns.promises.lookup(name, { all: true, family }),
    resolve: (name, family) => (family === 4 ? resolver.resolve4(name) : resolver.resolve6(name)),
    readText,
    files: nameFiles,
    pause: (ms) => new Promise((resolve) => setTimeout(() => resolve(undefined), ms)),
  }),
);

function keyOf(name: string, family: number): string {
  return `${family}/${name}`;
}

function withFamily(address: string): LookupAddress {
  return { address, family: isIP(address) };
}

function of(family: number): (address: LookupAddress) => boolean {
  return (address) => family === 0 || address.family === family;
}
