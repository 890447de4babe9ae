import type { Parts } from '../parts.js';

/** Long enough for a painting on a busy machine; a test that expects less says so. */
const DEFAULT_WAIT_MS = 10_000;

/**
 * Resolves with the first value that is not undefined, looking again whenever anything happens in the playground.
 * @param what named in the error when the time is over
 */
export function until<T>(
  parts: Parts,
  look: () => T | undefined,
  what: string | (() => string),
  timeoutMs = DEFAULT_WAIT_MS,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      parts.world.off('change', check);
      parts.interactions.off('update', check);
      parts.gateway.off('session', check);
    };
    const check = () => {
      try {
        const value = look();
        if (value === undefined) {
          return;
        }
        stop();
        resolve(value);
      } catch (error) {
        stop();
        reject(error);
      }
    };
    const timer = setTimeout(() => {
      stop();
      reject(new Error(`Waited ${timeoutMs} ms in vain for ${typeof what === 'string' ? what : what()}.`));
    }, timeoutMs);
    parts.world.on('change', check);
    parts.interactions.on('update', check);
    parts.gateway.on('session', check);
    check();
  });
}
