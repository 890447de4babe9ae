import { loadConfig } from '../config.js';
import { InputError } from '../domain/errors.js';
import { type Command, EXIT } from './command.js';
import { noArguments, parseFlags } from './flags.js';

export const register: Command = {
  name: 'register',
  summary: 'register the slash commands with Discord',
  help: `Usage: tessera register

Writes all commands with their translations to Discord, replacing what was there: in the server DISCORD_GUILD_ID at
once, without it everywhere. Needs DISCORD_TOKEN. Run it after an update; the bot does not do it at every start.`,
  async run(args, terminal) {
    noArguments(parseFlags(args, {}).positionals);
    const config = loadConfig({ cwd: terminal.cwd });
    if (config.discordToken === null) {
      throw new InputError('Expected DISCORD_TOKEN to be set; the playground registers its commands by itself.');
    }
    const { registerCommands } = await import('../discord/register.js');
    const { discordToken: token, discordApiUrl: apiUrl, discordGuildId } = config;
    const count = await registerCommands({ token, apiUrl, guildId: discordGuildId ?? undefined });
    terminal.stdout.write(
      `${count} commands registered ${discordGuildId === null ? 'everywhere' : `in ${discordGuildId}`}\n`,
    );
    return EXIT.done;
  },
};
