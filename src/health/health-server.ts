/** /healthz for service managers and /metrics for Prometheus, on the loopback interface. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Metrics } from './metrics.js';
import type { HealthSources } from './sources.js';

/** Answers a request that is ours; false leaves it to somebody else. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => boolean;

/** The two pages as a handler, so that another server (the playground) can carry them on its port. */
export function healthHandler(sources: HealthSources, metrics: Metrics): RequestHandler {
  return (request, response) => {
    const path = request.url?.split('?')[0];
    if (path !== '/healthz' && path !== '/metrics') {
      return false;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end();
      return true;
    }
    if (path === '/healthz') {
      const report = health(sources);
      response
        .writeHead(report.ok ? 200 : 503, { 'content-type': 'application/json', 'cache-control': 'no-store' })
        .end(request.method === 'HEAD' ? undefined : `${JSON.stringify(report)}\n`);
      return true;
    }
    metrics.text().then(
      (text) => response.writeHead(200, { 'content-type': metrics.contentType }).end(text),
      () => response.writeHead(500).end(),
    );
    return true;
  };
}

/** What /healthz says: ok while Discord is connected and somebody can paint: a process of this machine, or a living worker behind Redis. */
function health(sources: HealthSources) {
  const workers = sources.workers().map(({ state, pendingCount, restartCount }) => ({
    state,
    pendingCount,
    restartCount,
  }));
  const gateway = sources.gateway() ?? { isReady: false, pingMs: null };
  const queue = sources.queue();
  const database = { isWritable: sources.isDatabaseWritable() };
  const remote = sources.remote();
  const canPaint =
    remote === undefined ? workers.some((worker) => worker.state === 'ready') : remote.isReachable && remote.slots > 0;
  return {
    ok: canPaint && gateway.isReady && queue !== undefined && database.isWritable,
    workers,
    ...(remote === undefined ? {} : { remote }),
    gateway,
    database,
    queue: { waiting: queue?.waitingCount ?? 0, active: queue?.activeCount ?? 0 },
  };
}

export interface HealthServer {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Listens on 127.0.0.1; port 0 picks a free one.
 * @throws the system's error when the port is taken.
 */
export async function startHealthServer(options: {
  readonly port: number;
  readonly handler: RequestHandler;
}): Promise<HealthServer> {
  const server = createServer((request, response) => {
    if (!options.handler(request, response)) {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
