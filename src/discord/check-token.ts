import { DiscordAPIError, HTTPError, REST, Routes } from 'discord.js';
import { InputError } from '../domain/errors.js';

/**
 * Asks Discord whether it takes the token, before anything that costs time is loaded.
 * @param apiUrl without the version, such as `https://discord.com/api`
 * @throws InputError when it does not, or when nobody answers there
 */
export async function checkToken(token: string, apiUrl: string): Promise<void> {
  const rest = new REST({ api: apiUrl.replace(/\/+$/, ''), timeout: 10_000, retries: 1 }).setToken(token);
  try {
    await rest.get(Routes.user());
  } catch (cause) {
    if (cause instanceof DiscordAPIError && cause.status === 401) {
      throw new InputError('DISCORD_TOKEN is refused by Discord (401): copy it anew from the Developer Portal.', {
        cause,
      });
    }
    // Anything else that Discord itself says (an outage, a rate limit) may pass; the gateway tries on.
    if (!(cause instanceof DiscordAPIError || cause instanceof HTTPError)) {
      throw new InputError(
        `Discord cannot be reached at ${new URL(apiUrl).host}: see DISCORD_API_URL and the network.`,
        {
          cause,
        },
      );
    }
  } finally {
    rest.clearHandlerSweeper();
    rest.clearHashSweeper();
  }
}
