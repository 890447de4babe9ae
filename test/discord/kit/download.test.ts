import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LocalError } from '../../../src/actions/local-error.js';
import { createDownloader, MAX_UPLOAD_BYTES } from '../../../src/discord/kit/download.js';

let server: Server;
let other: Server;
let origin: string;
let elsewhere: string;
let hitsElsewhere = 0;

const listen = async (made: Server) => {
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(made.address() as AddressInfo).port}`;
};

beforeAll(async () => {
  other = createServer((_request, response) => {
    hitsElsewhere += 1;
    response.end('secret');
  });
  elsewhere = await listen(other);
  server = createServer((request, response) => {
    if (request.url === '/cdn/good.png') {
      return void response.end('picture');
    }
    if (request.url === '/cdn/redirect') {
      return void response.writeHead(302, { location: elsewhere }).end();
    }
    if (request.url === '/cdn/endless') {
      const chunk = Buffer.alloc(1024 * 1024);
      const send = () => {
        while (!response.destroyed && response.write(chunk)) {}
        if (!response.destroyed) {
          response.once('drain', send);
        }
      };
      return send();
    }
    response.writeHead(404).end();
  });
  origin = await listen(server);
});
afterAll(() => {
  for (const one of [server, other]) {
    one.closeAllConnections();
    one.close();
  }
});

const codeOf = async (promise: Promise<unknown>) => {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error instanceof LocalError ? error.code : error;
};

describe('the downloader', () => {
  it('fetches from the Discord it talks to', async () => {
    const bytes = await createDownloader(`${origin}/api`)({ url: `${origin}/cdn/good.png`, size: 7 });
    expect(Buffer.from(bytes).toString()).toBe('picture');
  });

  it.each([
    () => elsewhere,
    () => 'http://169.254.169.254/latest/meta-data',
    () => 'file:///etc/passwd',
    () => 'http://cdn.discordapp.com/attachments/1/2/x.png',
    () => 'https://cdn.discordapp.com.evil.example/x.png',
    () => 'https://cdn.discordapp.com:8443/x.png',
    () => 'https://evil.example/cdn.discordapp.com/x.png',
    () => 'not an address',
    () => '',
  ])('goes nowhere else (%#)', async (url) => {
    expect(await codeOf(createDownloader(`${origin}/api`)({ url: url(), size: 7 }))).toBe('download_failed');
    expect(hitsElsewhere).toBe(0);
  });

  it('does not trust this machine when it talks to the real Discord', async () => {
    const download = createDownloader('https://discord.com/api');
    expect(await codeOf(download({ url: `${origin}/cdn/good.png`, size: 7 }))).toBe('download_failed');
  });

  it('follows no redirect', async () => {
    expect(await codeOf(createDownloader(origin)({ url: `${origin}/cdn/redirect`, size: 7 }))).toBe('download_failed');
    expect(hitsElsewhere).toBe(0);
  });

  it('bounds what is announced and what arrives', async () => {
    const download = createDownloader(origin);
    expect(await codeOf(download({ url: `${origin}/cdn/good.png`, size: MAX_UPLOAD_BYTES + 1 }))).toBe(
      'upload_too_large',
    );
    expect(await codeOf(download({ url: `${origin}/cdn/endless`, size: 7 }))).toBe('upload_too_large');
  });

  it('says when there is nothing', async () => {
    expect(await codeOf(createDownloader(origin)({ url: `${origin}/cdn/none`, size: 7 }))).toBe('download_failed');
  });
});
