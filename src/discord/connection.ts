import { type Client, Events, GatewayCloseCodes, Status } from 'discord.js';
import { TesseraError } from '../domain/errors.js';
import type { Logger } from '../logger.js';

/** Why Discord closes a gateway for good, in words for whoever runs the bot. */
const REFUSALS: ReadonlyMap<number, string> = new Map<number, string>([
  [GatewayCloseCodes.AuthenticationFailed, 'DISCORD_TOKEN is not valid any more: it was reset, or is of another bot.'],
  [GatewayCloseCodes.InvalidShard, 'The shards of this bot are counted wrongly.'],
  [GatewayCloseCodes.ShardingRequired, 'The bot is in so many servers that it has to be sharded.'],
  [GatewayCloseCodes.InvalidAPIVersion, 'This version of Tessera is too old for Discord.'],
  [GatewayCloseCodes.InvalidIntents, 'Discord does not know an intent that this version asks for.'],
  [GatewayCloseCodes.DisallowedIntents, 'The bot lacks an intent: see "Bot" in the Developer Portal.'],
]);

export interface Connection {
  /** Heard of by the gateway, on every shard, at this moment. */
  readonly isReady: boolean;
}

/**
 * Watches the gateway: one line in the log when it is lost and one when it is back.
 * @param isStopping once true, a lost connection is what was wanted
 * @param onRefused told when Discord will not have the bot back: nothing but an end helps then
 */
export function watchConnection(
  client: Client,
  logger: Logger,
  isStopping: () => boolean,
  onRefused: (error: TesseraError) => void,
): Connection {
  let isLost = false;
  const isReady = () => client.isReady() && client.ws.shards.every((shard) => shard.status === Status.Ready);
  const lost = (shardId: number) => {
    if (!isLost && !isStopping()) {
      logger.warn({ shardId }, 'the connection to Discord was lost; trying again');
    }
    isLost = true;
  };
  const back = () => {
    if (isLost && isReady()) {
      isLost = false;
      logger.info('connected to Discord again');
    }
  };
  client.on(Events.ShardReconnecting, lost);
  client.on(Events.ShardResume, back);
  client.on(Events.ShardReady, back);
  client.on(Events.ShardDisconnect, ({ code }) => {
    if (isStopping()) {
      return;
    }
    const why = REFUSALS.get(code) ?? 'The gateway was closed.';
    onRefused(new TesseraError('discord_refused', `Discord refuses the bot (${code}). ${why}`));
  });
  return {
    get isReady() {
      return isReady();
    },
  };
}
