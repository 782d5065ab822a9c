/** `etcdctl lock`, which starts a program when it has the lock, and ends when that ends. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { folderSubmitter } from '../folderQueue.js';
import type { System } from '../system.js';

const child = fileURLToPath(new URL('../etcdChild.js', import.meta.url));
const PAUSE = 100;

export const etcdctl: System = {
  label: 'etcdctl lock',
  settings: '`etcdctl lock --ttl=5 NAME -- node …` (default 10); a worker is etcdctl and its child',
  server: 'etcd',
  packages: [],
  lock: 5000,
  isQueue: false,
  async work({ name, address, folder }) {
    // The child would outlive the runner.
    process.once('disconnect', () => process.kill(-process.pid, 'SIGKILL'));
    const lock = ['--endpoints', `http://${address}`, 'lock', '--ttl=5', name, '--'];
    const hold = async (): Promise<never> => {
      for (;;) {
        await once(spawn('etcdctl', [...lock, process.execPath, child, folder], { stdio: 'inherit' }), 'exit');
        await sleep(PAUSE);
      }
    };
    void hold();
  },
  open: async ({ folder }) => folderSubmitter(folder),
};
