import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { paintProgress, wireError } from '../wire.js';

/** Kept in Redis for a minute, for whoever asked. */
export const outcome = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), value: z.unknown() }),
  z.object({ ok: z.literal(false), error: wireError }),
]);

/** Published while a call is worked on. */
export const remoteEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('progress'), callId: z.string(), progress: paintProgress }),
  z.object({ type: z.literal('ended'), callId: z.string() }),
]);
export type RemoteEvent = z.infer<typeof remoteEvent>;

/** Job of the Redis queue: the call, encoded, the bundle that it is for, and the channel on which its asker listens. */
export const remoteJob = z.object({ callId: z.string(), asker: z.string(), bundle: z.string(), call: z.string() });
export type RemoteJob = z.infer<typeof remoteJob>;

export const defaultPrefix = 'tessera';

/**
 * Names in Redis. Painting and everything that is quick have a queue each, so that a button never waits for a picture;
 * and each bundle has its own two (by its checksum), so that nobody takes what is meant for other weights.
 */
export function redisNames(prefix: string) {
  return {
    paintQueue: (bundle: string) => `paint-${bundle}`,
    quickQueue: (bundle: string) => `quick-${bundle}`,
    /** There for as long as a worker is at a call; it expires by itself, soon after the worker is gone. */
    lease: (callId: string) => `${prefix}:lease:${callId}`,
    outcome: (callId: string) => `${prefix}:outcome:${callId}`,
    cancelled: (callId: string) => `${prefix}:cancelled:${callId}`,
    events: (asker: string) => `${prefix}:events:${asker}`,
    cancel: `${prefix}:cancel`,
    workers: `${prefix}:workers`,
    worker: (workerId: string) => `${prefix}:worker:${workerId}`,
    summary: `${prefix}:summary`,
  };
}

export function newRemoteId(): string {
  return randomUUID();
}
