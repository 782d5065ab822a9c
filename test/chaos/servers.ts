/** The server of a run, which of its parts can be killed and started again on their data, and which faults it allows. */
import { type DocumentDbServer, startDocumentDb } from '../servers/documentdb.ts';
import { startFerretDb } from '../servers/ferretdb.ts';
import { startJava } from '../servers/java.ts';
import type { TestServer } from '../servers/testServer.ts';

export const serverNames = ['embedded', 'java', 'ferretdb', 'documentdb'] as const;
export type ServerName = (typeof serverNames)[number];

/** How many tasks are submitted at once, each half second: by the runner, and by each member; and how many may wait. */
export interface Load {
  readonly runner: number;
  readonly member: number;
  readonly queue: number;
}

/** What the server can do within a second after a takeover, when each task needs two writes of its own. */
const load: Load = { runner: 10, member: 2, queue: 200 };
/** Its writes take a hundred times as long when there are many. */
const weakLoad: Load = { runner: 3, member: 1, queue: 50 };

interface Part {
  crash(): Promise<void>;
  resume(): Promise<void>;
}

export interface ChaosServer {
  readonly name: ServerName;
  /** Undefined where there is no server: the processes share a folder. */
  readonly uri: string | undefined;
  readonly atomic: boolean;
  readonly load: Load;
  readonly engine?: Part;
  readonly gateway?: Part;
  stop(): Promise<void>;
}

export async function startChaosServer(name: ServerName): Promise<ChaosServer> {
  switch (name) {
    case 'embedded':
      return { name, uri: undefined, atomic: true, load, stop: async () => {} };
    // Its data is in memory: a restart would forget what it had acknowledged.
    case 'java':
      return whole(name, await startJava());
    case 'ferretdb':
      return whole(name, await startFerretDb());
    case 'documentdb':
      return parts(name, await startDocumentDb());
  }
}

function whole(name: ServerName, { uri, atomic, stop }: TestServer): ChaosServer {
  return { name, uri: `${uri.replace(/\/$/, '')}/chaos`, atomic, load: atomic ? load : weakLoad, stop };
}

function parts(name: ServerName, server: DocumentDbServer): ChaosServer {
  return {
    ...whole(name, server),
    engine: { crash: () => server.crash(), resume: () => server.resume() },
    gateway: { crash: () => server.crashGateway(), resume: () => server.resumeGateway() },
  };
}
