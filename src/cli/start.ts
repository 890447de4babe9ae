import { loadConfig } from '../config.js';
import { createLogger } from '../logger.js';
import type { Command } from './command.js';
import { noArguments, parseFlags } from './flags.js';
import { version } from './overview.js';
import { runService } from './service.js';

export const start: Command = {
  name: 'start',
  summary: 'the bot if DISCORD_TOKEN is set, otherwise the playground',
  help: `Usage: tessera start

With DISCORD_TOKEN the bot connects to Discord. Without it a local Discord opens in the browser on HTTP_PORT, with the
same bot in it. /healthz and /metrics are on HTTP_PORT in both cases. Everything is set in the environment or in .env:
see .env.example. SIGTERM and Ctrl+C stop it within 10 seconds; whatever is not painted by then is painted after the
next start.`,
  async run(args, terminal) {
    noArguments(parseFlags(args, {}).positionals);
    const config = loadConfig({ cwd: terminal.cwd });
    const logger = createLogger(config.logLevel);
    const { startTessera } = await import('../app.js');
    return runService({
      logger,
      start: async (onFatal) => {
        const tessera = await startTessera({ config, logger, version: version(), onFatal });
        if (tessera.playgroundUrl !== null) {
          terminal.stdout.write(`Playground: ${tessera.playgroundUrl}\n`);
        }
        return tessera;
      },
    });
  },
};
