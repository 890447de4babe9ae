/** Who asks, and from where: all that the guards need to know, without Discord. */
export interface Asker {
  /** null in a direct message. */
  readonly guildId: string | null;
  readonly channelId: string;
  /** The channel a thread hangs on; null outside threads. */
  readonly parentChannelId: string | null;
  readonly inThread: boolean;
  readonly userId: string;
  readonly roleIds: readonly string[];
  /** May manage the server: the one who sets limits. */
  readonly isModerator: boolean;
  /** May delete what others asked for: a moderator, or one who may manage messages. */
  readonly mayDelete: boolean;
  /** What the bot would need in the channel and lacks, by the names that moderators see. */
  readonly missingPermissions: readonly string[];
  readonly locale: string;
}

/** The part of a wish that is guarded. */
export interface Wish {
  readonly prompt: string;
  readonly count: number;
}
