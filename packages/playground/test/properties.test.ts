import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { imageSize } from '../src/image-size.js';
import { findMentions } from '../src/mentions.js';
import { type PlaygroundServer, startPlayground } from '../src/server.js';
import { createSnowflakes, DISCORD_EPOCH_MS } from '../src/snowflake.js';
import { type Call, restClient } from './rest-client.js';

let server: PlaygroundServer;
let call: Call;

beforeAll(async () => {
  server = await startPlayground({ port: 0, limits: { enforceRateLimits: false } });
  call = restClient(server);
});

afterAll(() => server.close());

/** Bodies that are almost right: known field names with values of every kind. */
const almostBody = fc.dictionary(
  fc.constantFrom(
    'content',
    'embeds',
    'components',
    'flags',
    'attachments',
    'allowed_mentions',
    'nonce',
    'type',
    'data',
    'choices',
    'message_reference',
    'tts',
  ),
  fc.oneof(
    fc.jsonValue({ maxDepth: 4 }),
    fc.array(
      fc.record(
        {
          type: fc.integer({ min: 0, max: 24 }),
          custom_id: fc.string(),
          components: fc.jsonValue(),
          title: fc.string(),
          id: fc.nat(),
        },
        { requiredKeys: [] },
      ),
      { maxLength: 4 },
    ),
  ),
);

describe('whatever is sent', () => {
  it('is never answered with a 5xx', async () => {
    await fc.assert(
      fc.asyncProperty(almostBody, fc.string({ maxLength: 30 }), async (body, odd) => {
        const { id } = server.driver.channel();
        const trace = server.driver.sendRaw(2, { id: '1', name: 'x', type: 1 });
        const said = server.driver.say('x');
        const part = encodeURIComponent(odd) || 'x';
        const answers = await Promise.all([
          call('POST', `/channels/${id}/messages`, body),
          call('PATCH', `/channels/${id}/messages/${said.id}`, body),
          call('GET', `/channels/${id}/messages?before=${part}&limit=${part}`),
          call('PUT', `/channels/${id}/messages/${said.id}/reactions/${part}/@me`),
          call('POST', `/interactions/${trace.id}/${trace.record.token}/callback`, { type: 4, data: body }),
          call('POST', `/interactions/${trace.id}/${trace.record.token}/callback`, body),
          call('PUT', `/applications/${server.applicationId}/commands`, [body]),
          call('GET', `/${part}/${part}`),
        ]);
        for (const { status } of answers) {
          expect(status).toBeLessThan(500);
        }
      }),
      { numRuns: 20 },
    );
  });
});

describe('the small parts', () => {
  it('ids grow whatever the clock does, and carry its time', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 10_000 }), { minLength: 2 }), (times) => {
        let now = 0;
        const newId = createSnowflakes(() => now);
        const ids = times.map((time) => {
          now = DISCORD_EPOCH_MS + 1 + time;
          return BigInt(newId());
        });
        expect(ids.every((id, index) => index === 0 || id > (ids[index - 1] ?? 0n))).toBe(true);
        expect(Number((ids[0] ?? 0n) >> 22n)).toBe(1 + (times[0] ?? 0));
      }),
    );
  });

  it('picture sizes are read from any bytes without failing', () => {
    const magic = fc.constantFrom(
      [0xff, 0xd8, 0xff],
      [0x89, 0x50, 0x4e, 0x47],
      [0x47, 0x49, 0x46],
      [0x52, 0x49, 0x46, 0x46],
    );
    fc.assert(
      fc.property(magic, fc.uint8Array({ maxLength: 200 }), (start, rest) => {
        const size = imageSize(Uint8Array.from([...start, ...rest]));
        expect(size === null || (size.widthPx >= 0 && size.heightPx >= 0)).toBe(true);
      }),
    );
  });

  it('an empty allow-list never pings', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('@', 'everyone', 'here', '<@', '&', '123', '>', ' ', '\u200b') }),
        (text) => {
          expect(findMentions(text, { parse: [] }, true)).toEqual({ userIds: [], roleIds: [], everyone: false });
        },
      ),
    );
  });
});
