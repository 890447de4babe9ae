import { REST, Routes } from 'discord.js';
import { z } from 'zod';
import { commandPayloads } from '../commands/index.js';

export interface RegisterOptions {
  readonly token: string;
  /** Without the version, such as `https://discord.com/api`. */
  readonly apiUrl: string;
  /** Registers in this server only, effective at once; absent: everywhere. */
  readonly guildId?: string | undefined;
}

/**
 * Writes all commands with their translations to Discord, replacing what was there. A step of its own: registering at
 * every start would be slow and is rate limited.
 * @returns how many commands Discord now has
 * @throws DiscordAPIError
 */
export async function registerCommands({ token, apiUrl, guildId }: RegisterOptions): Promise<number> {
  const rest = new REST({ api: apiUrl.replace(/\/+$/, '') }).setToken(token);
  try {
    const { id } = z.object({ id: z.string() }).parse(await rest.get(Routes.currentApplication()));
    const route = guildId === undefined ? Routes.applicationCommands(id) : Routes.applicationGuildCommands(id, guildId);
    const registered = await rest.put(route, { body: commandPayloads() });
    return z.array(z.unknown()).parse(registered).length;
  } finally {
    // The client's sweepers would keep the process alive.
    rest.clearHandlerSweeper();
    rest.clearHashSweeper();
  }
}
