import { Redis } from 'ioredis';
import { TesseraError } from '../../domain/errors.js';

/**
 * A connection that, once it was there, is made again whenever it is lost; commands wait for it meanwhile.
 * @throws TesseraError `redis_away` when Redis does not answer now; the message names the machine, never the password
 */
export async function openRedis(redisUrl: string, onError: (error: Error) => void): Promise<Redis> {
  // null: BullMQ's blocking reads must outlive any number of reconnections.
  const redis = new Redis(redisUrl, { lazyConnect: true, maxRetriesPerRequest: null, connectTimeout: 5000 });
  redis.on('error', onError);
  try {
    await redis.connect();
    return redis;
  } catch (cause) {
    redis.disconnect();
    throw new TesseraError('redis_away', `Redis at ${new URL(redisUrl).host} does not answer.`, {
      cause,
      retryable: true,
    });
  }
}
