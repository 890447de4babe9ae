import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { AttachmentStore } from './attachments.js';
import { CommandRegistry } from './command-registry.js';
import { PlaygroundDriver } from './driver/driver.js';
import { FaultBox } from './faults.js';
import { Gateway } from './gateway.js';
import { Interactions } from './interactions.js';
import { DEFAULT_LIMITS, type PlaygroundLimits } from './limits.js';
import { Messages } from './messages.js';
import type { Parts } from './parts.js';
import { urlOf } from './request-url.js';
import { RestApi } from './rest/api.js';
import { PageServer } from './web/page-server.js';
import { Wire } from './wire.js';
import { World } from './world.js';

const HOST = '127.0.0.1';

export interface PlaygroundOptions {
  /** 0 picks a free one. */
  readonly port: number;
  /** The bot's token; absent: a new one. */
  readonly token?: string;
  /** Milliseconds since 1970, for ids, times and the age of tokens. */
  readonly clock?: () => number;
  readonly limits?: Partial<PlaygroundLimits>;
  /** Asked first, so that other pages (/healthz, /metrics) can share the port; true when it answered. */
  readonly otherPages?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

export interface PlaygroundServer {
  /** For discord.js: `rest.api` (no version suffix). */
  readonly apiUrl: string;
  /** The channel as a web page. */
  readonly pageUrl: string;
  /** Where files of messages are served from. */
  readonly cdnUrl: string;
  readonly botToken: string;
  readonly applicationId: string;
  readonly port: number;
  /** Acts as the members, for tests and demonstrations. */
  readonly driver: PlaygroundDriver;
  close(): Promise<void>;
}

/**
 * Starts a Discord of its own on the loopback interface: gateway, REST API and a web page.
 * @throws when the port is taken
 */
export async function startPlayground(options: PlaygroundOptions): Promise<PlaygroundServer> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const now = options.clock ?? Date.now;
  const world = new World(now);
  const applicationId = world.people.bot.id;
  const botToken = options.token ?? newToken(applicationId);
  const store = new AttachmentStore(now, world.newId);
  const wire = new Wire(world, (attachment) => store.url(attachment));
  const messages = new Messages(world, store, limits);
  const { heartbeatIntervalMs } = limits;
  const clock = options.clock ?? (() => performance.now());
  const gateway = new Gateway({ world, wire, token: botToken, heartbeatIntervalMs, clock });
  const deliver = gateway.deliver.bind(gateway);
  const interactions = new Interactions({ world, wire, messages, limits, deliver });
  const commands = new CommandRegistry(world.newId, () => world.tell({ kind: 'commands' }));
  const faults = new FaultBox();
  const parts: Parts = { world, wire, store, messages, commands, interactions, gateway, faults, limits };
  const api = new RestApi(parts, botToken);
  const driver = new PlaygroundDriver(parts, api);
  const page = new PageServer(parts, driver);

  const server = createServer((request, response) => {
    if (isLoopbackName(request) && options.otherPages?.(request, response)) {
      return;
    }
    route(request, response, { api, page, store }).catch(() => response.destroy());
  });
  server.on('upgrade', (request, socket, head) => upgrade(request, socket, head, { gateway, page }));
  const port = await listen(server, options.port);
  const origin = `http://${HOST}:${port}`;
  gateway.url = `ws://${HOST}:${port}/gateway`;
  store.baseUrl = `${origin}/cdn`;
  return {
    apiUrl: `${origin}/api`,
    pageUrl: `${origin}/`,
    cdnUrl: `${origin}/cdn`,
    botToken,
    applicationId,
    port,
    driver,
    close: async () => {
      interactions.close();
      gateway.close();
      page.close();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function route(
  request: IncomingMessage,
  response: ServerResponse,
  to: { readonly api: RestApi; readonly page: PageServer; readonly store: AttachmentStore },
): Promise<void> {
  if (!isLoopbackName(request)) {
    return void response.writeHead(421).end('This server answers to 127.0.0.1 only.');
  }
  const url = urlOf(request);
  const version = /^\/api(\/v\d+)?(?=\/)/.exec(url.pathname);
  if (version) {
    if (version[1] !== '/v10') {
      return void response
        .writeHead(400, { 'content-type': 'application/json' })
        .end('{"message":"Invalid API version specified","code":50041}');
    }
    return to.api.handle(request, response, url.pathname.slice(version[0].length), url.searchParams);
  }
  const file = /^\/cdn\/(?:ephemeral-)?attachments\/\d+\/(\d+)\/[^/]+$/.exec(url.pathname);
  if (file?.[1]) {
    return serveFile(response, to.store, file[1], url.searchParams);
  }
  return to.page.handle(request, response, url);
}

function serveFile(response: ServerResponse, store: AttachmentStore, id: string, query: URLSearchParams): void {
  const found = store.find(id, query);
  if (!found) {
    return void response.writeHead(404, { 'content-type': 'text/plain' }).end('This content is no longer available.');
  }
  const isPicture = /^image\/(png|jpeg|gif|webp)$/.test(found.contentType);
  response.writeHead(200, {
    'content-type': found.contentType,
    'content-length': found.bytes.byteLength,
    'content-disposition': `${isPicture ? 'inline' : 'attachment'}; filename="${found.filename}"`,
    'content-security-policy': "default-src 'none'; sandbox",
    'x-content-type-options': 'nosniff',
    'cache-control': 'private, max-age=3600',
  });
  response.end(found.bytes);
}

function upgrade(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  to: { readonly gateway: Gateway; readonly page: PageServer },
): void {
  const { pathname } = urlOf(request);
  if (!isLoopbackName(request)) {
    return void socket.destroy();
  }
  // Browsers name their origin and bots do not: no web page may speak to the gateway.
  const isGateway = /^\/gateway\/?$/.test(pathname) && request.headers.origin === undefined;
  if (isGateway) {
    to.gateway.upgrade(request, socket, head);
  } else {
    to.page.upgrade(request, socket, head);
  }
}

/** A page elsewhere whose name points to 127.0.0.1 still sends its own name: that is refused. */
function isLoopbackName(request: IncomingMessage): boolean {
  return /^(127\.0\.0\.1|localhost)(:\d+)?$/.test(request.headers.host ?? '');
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, HOST, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** Shaped like Discord's: the application's id, a time, a secret. */
function newToken(applicationId: string): string {
  return [
    Buffer.from(applicationId).toString('base64url'),
    randomBytes(4).toString('base64url'),
    randomBytes(28).toString('base64url'),
  ].join('.');
}
