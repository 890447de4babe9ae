import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { PlaygroundDriver } from './driver/driver.js';
import type { Parts } from './parts.js';

/** The web page and what it talks to. */
export class PageServer {
  constructor(
    readonly parts: Parts,
    readonly driver: PlaygroundDriver,
  ) {}

  async handle(_request: IncomingMessage, response: ServerResponse, _url: URL): Promise<void> {
    response.writeHead(404).end();
  }

  upgrade(_request: IncomingMessage, socket: Duplex, _head: Buffer): void {
    socket.destroy();
  }

  close(): void {}
}
