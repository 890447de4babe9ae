import {
  type Client,
  Events,
  InteractionResponseType,
  InteractionType,
  MessageFlags,
  RESTEvents,
  Routes,
} from 'discord.js';
import { createWordFilter } from '../actions/guards/words.js';
import { QuickWork } from '../actions/quick-work.js';
import { TesseraError } from '../domain/errors.js';
import { translator } from '../i18n/index.js';
import type { Logger } from '../logger.js';
import type { Painter } from '../painter/painter.js';
import type { JobQueue } from '../queue/queue.js';
import type { Store } from '../store/store.js';
import { createClient } from './client.js';
import { watchConnection } from './connection.js';
import { createDispatcher } from './dispatch.js';
import type { BotEvent, Context } from './kit/context.js';
import { createDownloader } from './kit/download.js';
import { checkPacket, type MalformedInteraction } from './packet-check.js';
import { handleReaction } from './reactions/handle-reaction.js';
import { Delivery } from './reporter/delivery.js';
import { DEFAULT_TIMES, Reporter, type ReporterTimes } from './reporter/reporter.js';

export interface BotDeps {
  readonly token: string;
  /** Without the version, such as `https://discord.com/api`; the gateway's address comes from its `/gateway/bot`. */
  readonly apiUrl: string;
  readonly queue: JobQueue;
  readonly store: Store;
  readonly painter: Painter;
  readonly logger: Logger;
  /** Shown by `/info`. */
  readonly version: string;
  /** Milliseconds since 1970. Default `Date.now`. */
  readonly clock?: () => number;
  /** Told of every acknowledgement, answer and delivery, for metrics. */
  readonly onEvent?: (event: BotEvent) => void;
  /** Told when Discord will not have the bot back (a reset token, an intent that was taken away). Default: nothing. */
  readonly onRefused?: (error: TesseraError) => void;
  /** How often messages are edited; for tests. */
  readonly times?: Partial<ReporterTimes>;
}

export interface Bot {
  /** Connects; resolves once the bot can be used. Call before the queue starts, so that no event is missed. */
  start(): Promise<void>;
  /**
   * Turns new wishes away, stops the queue (painting jobs get the time there is), tells members whose job goes on after
   * the restart, and disconnects. Resolves within about `graceMs`.
   */
  stop(graceMs: number): Promise<void>;
  /** Resolves once everything that is to be shown now has been sent. */
  idle(): Promise<void>;
  /** Connected and heard of by the gateway. */
  readonly isReady: boolean;
  /** Milliseconds of the last heartbeat's way there and back; −1 before the first. */
  readonly pingMs: number;
}

/** Part of the shutdown time that is kept for telling members. */
const TELLING_SHARE = 0.3;
const MAX_TIMED = 1000;

/** The bot, through a real discord.js client; nothing happens before `start()`. */
export function createBot(deps: BotDeps): Bot {
  const { queue, store, painter, logger } = deps;
  const clock = deps.clock ?? Date.now;
  const onEvent = deps.onEvent ?? (() => {});
  const client = createClient(deps.apiUrl);
  client.rest.setToken(deps.token);
  const delivery = new Delivery(client, clock, (job) =>
    job.parentJobId === null ? null : (store.jobs.get(job.parentJobId)?.messageId ?? null),
  );
  const times = { ...DEFAULT_TIMES, ...deps.times };
  let isStopping = false;
  const onRefused = (error: TesseraError) => {
    if (!isStopping) {
      deps.onRefused?.(error);
    }
  };
  const onUnauthorized = () =>
    onRefused(new TesseraError('discord_refused', 'Discord does not take DISCORD_TOKEN any more (401): it was reset.'));
  const reporter = new Reporter({ queue, store, painter, delivery, logger, clock, times, onEvent, onUnauthorized });
  const context: Context = {
    queue,
    store,
    painter,
    logger,
    clock,
    reporter,
    version: deps.version,
    words: createWordFilter(),
    quick: new QuickWork(clock),
    download: createDownloader(deps.apiUrl),
  };
  const dispatch = createDispatcher({ context, onEvent, isStopping: () => isStopping });

  client.on(Events.Raw, (packet) => {
    const malformed = checkPacket(packet);
    if (malformed !== undefined) {
      void answerMalformed(client, logger, malformed);
    }
  });
  timeAcknowledgements(client, onEvent);
  client.on(Events.InteractionCreate, (interaction) => void dispatch(interaction));
  client.on(Events.MessageReactionAdd, (reaction, user) => {
    if (client.isReady() && !isStopping) {
      void handleReaction(context, client, reaction, user.id, true);
    }
  });
  client.on(Events.MessageReactionRemove, (reaction, user) => {
    if (client.isReady() && !isStopping) {
      void handleReaction(context, client, reaction, user.id, false);
    }
  });
  const connection = watchConnection(client, logger, () => isStopping, onRefused);
  client.on(Events.Error, (error) => logger.error({ err: error }, 'the Discord client failed'));
  client.on(Events.ShardError, (error) => logger.warn({ err: error }, 'the gateway connection failed'));
  client.on(Events.Warn, (message) => logger.warn(message));

  return {
    async start() {
      const ready = new Promise<void>((resolve) => client.once(Events.ClientReady, () => resolve()));
      await client.login(deps.token);
      await ready;
      reporter.start();
      logger.info({ user: client.user?.tag, guilds: client.guilds.cache.size }, 'connected to Discord');
    },
    async stop(graceMs) {
      isStopping = true;
      await queue.stop(graceMs * (1 - TELLING_SHARE));
      await reporter.stop(graceMs * TELLING_SHARE);
      await client.destroy();
    },
    idle: () => reporter.idle(),
    get isReady() {
      return connection.isReady;
    },
    get pingMs() {
      return client.ws.ping;
    },
  };
}

/** From an interaction's arrival to Discord's "yes" to our first answer. */
function timeAcknowledgements(client: Client, onEvent: (event: BotEvent) => void): void {
  const arrivals = new Map<string, { readonly at: number; readonly name: string }>();
  client.on(Events.InteractionCreate, (interaction) => {
    const name = 'commandName' in interaction ? interaction.commandName : 'control';
    arrivals.set(interaction.id, { at: performance.now(), name });
    if (arrivals.size > MAX_TIMED) {
      arrivals.delete(arrivals.keys().next().value ?? '');
    }
  });
  client.rest.on(RESTEvents.Response, ({ path }, response) => {
    const [, root, interactionId = '', , leaf] = path.split('/');
    const arrival = root === 'interactions' && leaf === 'callback' ? arrivals.get(interactionId) : undefined;
    if (arrival === undefined || !response.ok) {
      return;
    }
    arrivals.delete(interactionId);
    onEvent({ kind: 'acknowledged', name: arrival.name, ms: performance.now() - arrival.at });
  });
}

async function answerMalformed(client: Client, logger: Logger, malformed: MalformedInteraction): Promise<void> {
  logger.warn({ interactionId: malformed.id, type: typeof malformed.type }, 'a malformed interaction was dropped');
  const content = translator(malformed.locale)('error.malformed');
  const body =
    malformed.type === InteractionType.ApplicationCommandAutocomplete
      ? { type: InteractionResponseType.ApplicationCommandAutocompleteResult, data: { choices: [] } }
      : {
          type: InteractionResponseType.ChannelMessageWithSource,
          data: { content, flags: MessageFlags.Ephemeral, allowed_mentions: { parse: [] } },
        };
  try {
    await client.rest.post(Routes.interactionCallback(malformed.id, malformed.token), { body, auth: false });
  } catch (error) {
    logger.debug({ err: error }, 'a malformed interaction could not be answered');
  }
}
