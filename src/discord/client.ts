import { Client, GatewayIntentBits, Options, Partials } from 'discord.js';

/** Members and users that stay in memory: enough for whoever is active, bounded whatever joins. */
const MAX_CACHED_PEOPLE = 500;
const REST_TIMEOUT_MS = 15_000;
const HOUR_S = 3600;

/**
 * A client with three intents, none of them privileged, and with caches that do not grow: everything the bot has to
 * remember is in the store, so messages and reactions are not kept at all.
 * @param apiUrl without the version, such as `https://discord.com/api`
 */
export function createClient(apiUrl: string): Client {
  return new Client({
    intents: [
      GatewayIntentBits.Guilds,
      GatewayIntentBits.GuildMessageReactions,
      GatewayIntentBits.DirectMessageReactions,
    ],
    // Reactions on messages older than the process arrive as partials.
    partials: [Partials.Message, Partials.Channel, Partials.Reaction, Partials.User],
    allowedMentions: { parse: [], repliedUser: false },
    rest: { api: apiUrl.replace(/\/+$/, ''), timeout: REST_TIMEOUT_MS },
    makeCache: Options.cacheWithLimits({
      ApplicationCommandManager: 0,
      ApplicationEmojiManager: 0,
      AutoModerationRuleManager: 0,
      EntitlementManager: 0,
      GuildBanManager: 0,
      GuildEmojiManager: 0,
      GuildInviteManager: 0,
      GuildMemberManager: {
        maxSize: MAX_CACHED_PEOPLE,
        keepOverLimit: (member) => member.id === member.client.user.id,
      },
      GuildScheduledEventManager: 0,
      GuildStickerManager: 0,
      MessageManager: 0,
      PresenceManager: 0,
      ReactionManager: 0,
      ReactionUserManager: 0,
      StageInstanceManager: 0,
      ThreadMemberManager: 0,
      UserManager: { maxSize: MAX_CACHED_PEOPLE, keepOverLimit: (user) => user.id === user.client.user.id },
      VoiceStateManager: 0,
    }),
    sweepers: { ...Options.DefaultSweeperSettings, threads: { interval: HOUR_S, lifetime: HOUR_S } },
  });
}
