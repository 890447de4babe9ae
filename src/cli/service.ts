/** Runs something that goes on until it is told to stop: signals, last resort for errors, a limit for the shutdown. */
import type { Logger } from '../logger.js';
import { EXIT } from './command.js';

export interface Service {
  /** Finishes or re-queues what is going on and closes everything. */
  stop(): Promise<void>;
}

export interface ServiceOptions {
  /** `fail` ends it like an error that nobody caught. */
  readonly start: (fail: (error: Error) => void) => Promise<Service>;
  readonly logger: Logger;
  /** From the first signal to the end of the process, milliseconds. Default 10 s: service managers kill soon after. */
  readonly stopLimitMs?: number;
}

const HANDLED = ['SIGTERM', 'SIGINT', 'uncaughtException', 'unhandledRejection'];

/**
 * Starts, waits for SIGTERM or SIGINT, stops. A second signal, or a shutdown that takes too long, ends the process at
 * once. An error that nobody caught is logged, everything is closed, and the exit code is 1.
 * @returns the exit code
 */
export async function runService({ start, logger, stopLimitMs = 10_000 }: ServiceOptions): Promise<number> {
  let exitCode: number = EXIT.done;
  let isEnding = false;
  let fail = (_error: Error) => {};
  const ended = new Promise<void>((resolve) => {
    const end = () => {
      isEnding = true;
      setTimeout(() => {
        logger.error('the shutdown took too long');
        process.exit(EXIT.failure);
      }, stopLimitMs).unref();
      resolve();
    };
    const onSignal = (signal: NodeJS.Signals) => {
      if (isEnding) {
        process.exit(EXIT.interrupted);
      }
      logger.info({ signal }, 'stopping; once more to stop at once');
      end();
    };
    const onUncaught = (error: unknown) => {
      logger.fatal({ err: error }, 'an error that nobody caught: stopping');
      exitCode = EXIT.failure;
      if (!isEnding) {
        end();
      }
    };
    fail = (error) => {
      logger.fatal({ err: error }, error.message);
      exitCode = EXIT.failure;
      if (!isEnding) {
        end();
      }
    };
    process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
    process.on('uncaughtException', onUncaught).on('unhandledRejection', onUncaught);
  });
  const service = await start((error) => fail(error)).catch((error: unknown) => {
    // Whoever called us says what was wrong; nothing is left that these handlers could end.
    for (const event of HANDLED) {
      process.removeAllListeners(event);
    }
    throw error;
  });
  await ended;
  await service.stop();
  logger.info('stopped');
  return exitCode;
}
