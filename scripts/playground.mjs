// The bot with its playground as a process of its own, for the browser tests and for the screenshots.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

const STARTED = /^Playground: (http:\/\/127\.0\.0\.1:\d+\/)$/m;

/**
 * Starts `tessera start` without a token on a free port, with nothing of this machine's own settings.
 * @param {{ cli: string, bundle: string, folder: string, threads?: number }} options
 *   compiled command line, model bundle, and a folder for the database
 */
export async function spawnPlayground({ cli, bundle, folder, threads }) {
  const child = spawn(process.execPath, [cli, 'start'], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      DATABASE_PATH: 'playground.sqlite',
      MODEL_BUNDLE: bundle,
      HTTP_PORT: '0',
      THREADS_PER_WORKER: threads === undefined ? '' : String(threads),
    },
  });
  let stdout = '';
  let log = '';
  child.stderr.on('data', (chunk) => {
    log += chunk;
  });
  const exited = once(child, 'exit');
  const url = await new Promise((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
      const found = STARTED.exec(stdout)?.[1];
      if (found !== undefined) {
        resolve(found);
      }
    });
    exited.then(() => reject(new Error(`The playground did not start:\n${log}`)));
  });
  return {
    url,
    /** Everything logged so far. */
    log: () => log,
    /** Process ids of the painting processes, in the order in which they were started. */
    workerPids: () => [...log.matchAll(/"pid":(\d+),"msg":"the worker is ready"/g)].map((match) => Number(match[1])),
    /** @returns the exit code */
    async stop() {
      child.kill('SIGTERM');
      const [code] = await exited;
      return code;
    },
  };
}
