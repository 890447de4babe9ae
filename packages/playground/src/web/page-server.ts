import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { DiscordError } from '../discord-error.js';
import { ClientRefusal } from '../driver/command-data.js';
import type { PlaygroundDriver } from '../driver/driver.js';
import type { Parts } from '../parts.js';
import { urlOf } from '../request-url.js';
import { readBody } from '../rest/body.js';
import type { Json, Message, User, WorldChange } from '../world-types.js';
import { pageAction, perform } from './page-actions.js';
import { sendPageFile } from './page-files.js';
import { PageView } from './page-view.js';

/** Base64 makes files a third larger. */
const REQUEST_BYTES = 40 * 1024 * 1024;

/** The web page, its actions (POST /page/act) and what it is told live (WebSocket /page/live). */
export class PageServer {
  readonly #parts: Parts;
  readonly #driver: PlaygroundDriver;
  readonly #view: PageView;
  readonly #sockets = new Map<WebSocket, User>();
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: 1024 });

  constructor(parts: Parts, driver: PlaygroundDriver) {
    this.#parts = parts;
    this.#driver = driver;
    this.#view = new PageView(parts, driver);
    parts.world.on('change', (change) => this.#tell(change));
    parts.interactions.on('update', (record) => {
      this.#send(this.#view.interaction(record), (user) => user.id === record.userId);
    });
    parts.gateway.on('session', () => this.#send({ type: 'bot', isConnected: parts.gateway.isConnected }));
  }

  async handle(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    if (url.pathname === '/page/act') {
      await this.#act(request, response);
    } else if (request.method !== 'GET') {
      response.writeHead(405).end();
    } else {
      await sendPageFile(response, url.pathname);
    }
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const url = urlOf(request);
    const user = this.#parts.world.users.get(url.searchParams.get('as') ?? '') ?? this.#parts.world.people.ada;
    if (url.pathname !== '/page/live' || !isSameOrigin(request)) {
      return void socket.destroy();
    }
    this.#server.handleUpgrade(request, socket, head, (connected) => {
      connected.on('close', () => this.#sockets.delete(connected));
      connected.on('error', () => connected.terminate());
      // First what is there, then what changes: looking may itself open a direct-message channel.
      connected.send(JSON.stringify(this.#view.all(user)));
      this.#sockets.set(connected, user);
    });
  }

  close(): void {
    for (const socket of this.#sockets.keys()) {
      socket.terminate();
    }
    this.#server.close();
  }

  async #act(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const reply = (status: number, body: Json) =>
      response
        .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
        .end(JSON.stringify(body));
    const isJson = request.headers['content-type']?.startsWith('application/json');
    if (request.method !== 'POST' || !isJson || !isSameOrigin(request)) {
      return void reply(403, { error: 'Only the page itself may ask this.' });
    }
    try {
      const raw = await readBody(request, REQUEST_BYTES);
      const action = pageAction.safeParse(JSON.parse(raw.toString('utf8')));
      if (!action.success) {
        return void reply(400, { error: 'The page sent something that nobody understands.' });
      }
      const trace = await perform(action.data, this.#driver, this.#parts);
      reply(200, trace ? { interaction: trace.id } : {});
    } catch (error) {
      const isExpected = error instanceof ClientRefusal || error instanceof DiscordError;
      reply(400, { error: isExpected ? error.message : 'That did not work.' });
    }
  }

  #tell(change: WorldChange): void {
    if ('message' in change) {
      const { message } = change;
      if (change.kind === 'messageDelete') {
        this.#send({ type: 'delete', id: message.id, channel: message.channelId });
      } else {
        this.#showMessage(message);
      }
    } else if ('channel' in change && change.kind !== 'typing') {
      this.#each((user) => this.#view.channels(user));
      this.#each((user) => this.#view.commands(user));
    } else if (change.kind === 'typing') {
      this.#send({ type: 'typing', channel: change.channel.id, user: change.userId });
    } else if (change.kind === 'commands' || change.kind === 'roleUpdate') {
      this.#each((user) => this.#view.commands(user));
    }
  }

  #showMessage(message: Message): void {
    for (const [socket, user] of this.#sockets) {
      if (!this.#parts.world.canSee(user.id, message)) {
        continue;
      }
      socket.send(JSON.stringify({ type: 'message', message: this.#driver.see(message, user) }));
    }
  }

  #each(view: (user: User) => Json): void {
    // Later: looking at the channels may itself open a direct-message channel.
    for (const [socket, user] of [...this.#sockets]) {
      socket.send(JSON.stringify(view(user)));
    }
  }

  #send(body: Json, isFor: (user: User) => boolean = () => true): void {
    const frame = JSON.stringify(body);
    for (const [socket, user] of this.#sockets) {
      if (isFor(user)) {
        socket.send(frame);
      }
    }
  }
}

/** Browsers always name the origin of a POST and of a WebSocket; it must be the page's own. */
function isSameOrigin(request: IncomingMessage): boolean {
  return request.headers.origin === `http://${request.headers.host}`;
}
