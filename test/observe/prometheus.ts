/** A real Prometheus, for one test: on a free port, with a folder of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';

interface Sample {
  readonly metric: { readonly [label: string]: string };
  readonly value: readonly [number, string];
}

export interface Target {
  readonly health: string;
  readonly lastError: string;
}

export interface Alert {
  readonly labels: { readonly [label: string]: string };
  readonly state: string;
}

export class Prometheus {
  private constructor(private readonly url: string) {}

  /** Scrapes the target with the token each second, and evaluates the rules as often. */
  static async start(
    folder: string,
    { target, token, rules }: { target: string; token: string; rules: string },
  ): Promise<Prometheus> {
    const config = {
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      rule_files: [rules],
      scrape_configs: [
        { job_name: 'mongo-failover', authorization: { credentials: token }, static_configs: [{ targets: [target] }] },
      ],
    };
    // JSON is YAML.
    await writeFile(join(folder, 'prometheus.yml'), JSON.stringify(config));
    const address = `127.0.0.1:${await freePort()}`;
    const options = [`--config.file=${join(folder, 'prometheus.yml')}`, `--storage.tsdb.path=${join(folder, 'data')}`];
    const child = spawn('prometheus', [...options, `--web.listen-address=${address}`, '--log.level=warn'], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const exited = once(child, 'exit');
    onTestFinished(async () => {
      child.kill('SIGKILL');
      await exited;
    });
    const prometheus = new Prometheus(`http://${address}`);
    await prometheus.until('it is ready', async () => (await fetch(`${prometheus.url}/-/ready`)).ok);
    return prometheus;
  }

  /** Returns the values of an expression, by the labels. */
  async query(expression: string): Promise<readonly Sample[]> {
    const { result } = await this.ask<{ result: Sample[] }>(`query?query=${encodeURIComponent(expression)}`);
    return result;
  }

  async targets(): Promise<readonly Target[]> {
    return (await this.ask<{ activeTargets: Target[] }>('targets')).activeTargets;
  }

  async alerts(): Promise<readonly Alert[]> {
    return (await this.ask<{ alerts: Alert[] }>('alerts')).alerts;
  }

  /** Asks again until it is so; the limit is that of the test. */
  async until(_what: string, holds: () => Promise<boolean>): Promise<void> {
    while (!(await holds().catch(() => false))) await sleep(200);
  }

  private async ask<T>(path: string): Promise<T> {
    const response = await fetch(`${this.url}/api/v1/${path}`);
    return ((await response.json()) as { data: T }).data;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
