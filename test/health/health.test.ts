import { EventEmitter } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { type HealthServer, healthHandler, startHealthServer } from '../../src/health/health-server.js';
import { Metrics } from '../../src/health/metrics.js';
import type { HealthSources } from '../../src/health/sources.js';
import type { JobQueue } from '../../src/queue/queue.js';

let server: HealthServer | undefined;
afterEach(() => server?.close());

const good: HealthSources = {
  workers: () => [
    { state: 'ready', pendingCount: 1, restartCount: 2 },
    { state: 'restarting', pendingCount: 0, restartCount: 1 },
  ],
  remote: () => undefined,
  gateway: () => ({ isReady: true, pingMs: 40 }),
  queue: () => ({ waitingCount: 3, activeCount: 1 }),
  isDatabaseWritable: () => true,
  jobCounts: () => ({ waiting: 3, active: 1, completed: 7 }),
};

async function get(sources: HealthSources, path: string, init?: RequestInit, metrics = new Metrics(sources)) {
  await server?.close();
  server = await startHealthServer({ port: 0, handler: healthHandler(sources, metrics) });
  return fetch(`http://127.0.0.1:${server.port}${path}`, init);
}

describe('/healthz', () => {
  it('is 200 while somebody paints and Discord is connected', async () => {
    const response = await get(good, '/healthz');
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      ok: true,
      workers: good.workers(),
      gateway: { isReady: true, pingMs: 40 },
      database: { isWritable: true },
      queue: { waiting: 3, active: 1 },
    });
  });

  it.each<[string, Partial<HealthSources>]>([
    ['no worker is ready', { workers: () => [{ state: 'restarting', pendingCount: 0, restartCount: 1 }] }],
    ['the database takes no writes', { isDatabaseWritable: () => false }],
    ['the gateway is away', { gateway: () => ({ isReady: false, pingMs: null }) }],
    ['the bot is still starting', { gateway: () => undefined, queue: () => undefined }],
  ])('is 503 while %s', async (_why, change) => {
    const response = await get({ ...good, ...change }, '/healthz');
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ ok: false });
  });

  it.each([
    [200, { slots: 2, isReachable: true }],
    [503, { slots: 0, isReachable: true }],
    [503, { slots: 2, isReachable: false }],
  ])('is %i where remote machines paint: %j', async (status, remote) => {
    expect((await get({ ...good, workers: () => [], remote: () => remote }, '/healthz')).status).toBe(status);
  });

  it('answers HEAD, refuses POST, leaves other paths alone', async () => {
    expect((await get(good, '/healthz', { method: 'HEAD' })).status).toBe(200);
    expect((await get(good, '/healthz', { method: 'POST' })).status).toBe(405);
    expect((await get(good, '/elsewhere')).status).toBe(404);
  });
});

describe('/metrics', () => {
  it('shows the queue, the workers, the store and the process', async () => {
    const response = await get(good, '/metrics');
    expect(response.headers.get('content-type')).toContain('text/plain');
    const text = await response.text();
    for (const line of [
      'tessera_queue_waiting 3',
      'tessera_queue_active 1',
      'tessera_workers_ready 1',
      'tessera_worker_restarts 3',
      'tessera_gateway_ready 1',
      'tessera_jobs{status="completed"} 7',
    ]) {
      expect(text.split('\n')).toContain(line);
    }
    expect(text).toContain('nodejs_eventloop_lag_p99_seconds');
  });

  it('counts what becomes of jobs and how long painting and acknowledging take', async () => {
    const metrics = new Metrics(good);
    const queue = new EventEmitter() as unknown as JobQueue & EventEmitter;
    metrics.watch(queue);
    queue.emit('completed', {}, { timings: { totalMs: 1_500 } });
    queue.emit('completed', {}, { timings: { totalMs: 200 } });
    queue.emit('failed', {}, new Error('x'));
    metrics.observeAcknowledgement(120);
    const text = await (await get(good, '/metrics', {}, metrics)).text();
    for (const line of [
      'tessera_jobs_ended_total{outcome="completed"} 2',
      'tessera_jobs_ended_total{outcome="failed"} 1',
      'tessera_paint_seconds_bucket{le="0.25"} 1',
      'tessera_paint_seconds_bucket{le="2"} 2',
      'tessera_paint_seconds_sum 1.7',
      'tessera_acknowledgement_seconds_bucket{le="0.1"} 0',
      'tessera_acknowledgement_seconds_bucket{le="0.2"} 1',
    ]) {
      expect(text.split('\n')).toContain(line);
    }
  });
});

describe('startHealthServer', () => {
  it('rejects when the port is taken', async () => {
    server = await startHealthServer({ port: 0, handler: () => false });
    await expect(startHealthServer({ port: server.port, handler: () => false })).rejects.toThrow('EADDRINUSE');
  });
});
