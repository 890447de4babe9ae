/** What anybody may publish on the bot's channel. */
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RemotePainter } from '../../../src/painter/redis/remote-painter.js';
import { redisBinary, startRedis, type TestRedis } from './redis-server.js';

describe.skipIf(redisBinary === undefined)('a message on the events channel', () => {
  let server: TestRedis;

  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server?.stop());

  it('that nobody understands is told and left; the painter goes on', async () => {
    const errors: Error[] = [];
    const hostile = ['not JSON', '{}', 'null', '{"type":"progress"}', '{"$f32":"AAA="}', '[1,2'];
    let toldAll = () => {};
    const told = new Promise<void>((resolve) => {
      toldAll = resolve;
    });
    const painter = await RemotePainter.connect({
      redisUrl: server.url,
      prefix: 'hostile',
      onError: (error) => {
        errors.push(error);
        if (errors.length === hostile.length) {
          toldAll();
        }
      },
    });
    const redis = new Redis(server.url);
    const [channel] = await redis.pubsub('CHANNELS', 'hostile:events:*');
    for (const message of hostile) {
      await redis.publish(String(channel), message);
    }
    await told;
    expect(errors.map((error) => 'code' in error && error.code)).toEqual(hostile.map(() => 'bad_event'));
    expect(painter.slots).toBe(0);
    redis.disconnect();
    await painter.close();
  });
});
