/** pm2, in cluster mode: two processes share the port, and one of them works. `pm2 start pm2.config.cjs` */
module.exports = {
  apps: [
    {
      name: 'billing',
      script: 'dist/http.js',
      exec_mode: 'cluster',
      instances: 2,
      // pm2 sends SIGINT, and SIGKILL after 1.6 s unless this says otherwise: the running task has 20 s (`stopTimeout`).
      kill_timeout: 28000,
      // On Windows there are no signals: pm2 sends a message there.
      shutdown_with_message: process.platform === 'win32',
    },
  ],
};
