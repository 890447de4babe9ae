/** Gateway intents and the events that each one lets through. */
export const Intent = {
  Guilds: 1 << 0,
  GuildMembers: 1 << 1,
  GuildPresences: 1 << 8,
  GuildMessages: 1 << 9,
  GuildMessageReactions: 1 << 10,
  GuildMessageTyping: 1 << 11,
  DirectMessages: 1 << 12,
  DirectMessageReactions: 1 << 13,
  DirectMessageTyping: 1 << 14,
  MessageContent: 1 << 15,
} as const;

/** Intents that exist: bits 0–16, 20, 21, 24, 25. */
export const ALL_INTENTS = 0x1ffff | (1 << 20) | (1 << 21) | (1 << 24) | (1 << 25);

/** Intents that an application must be granted; ours is not. */
export const PRIVILEGED_INTENTS = Intent.GuildMembers | Intent.GuildPresences | Intent.MessageContent;

/** Whether a client with these intents is sent an event. */
export function isCovered(event: string, inGuild: boolean, intents: number): boolean {
  const has = (intent: number) => (intents & intent) !== 0;
  if (event.startsWith('MESSAGE_REACTION_')) {
    return has(inGuild ? Intent.GuildMessageReactions : Intent.DirectMessageReactions);
  }
  if (event.startsWith('MESSAGE_')) {
    return has(inGuild ? Intent.GuildMessages : Intent.DirectMessages);
  }
  if (event === 'TYPING_START') {
    return has(inGuild ? Intent.GuildMessageTyping : Intent.DirectMessageTyping);
  }
  if (event === 'GUILD_MEMBER_ADD' || event === 'GUILD_MEMBER_UPDATE') {
    return has(Intent.GuildMembers);
  }
  if (event === 'CHANNEL_CREATE' && !inGuild) {
    return true;
  }
  if (/^(GUILD|CHANNEL|THREAD)_/.test(event)) {
    return has(Intent.Guilds);
  }
  return true;
}
