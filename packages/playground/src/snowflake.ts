/** First millisecond of 2015: where Discord's ids begin to count. */
export const DISCORD_EPOCH_MS = 1_420_070_400_000;

/**
 * Ids in Discord's layout (milliseconds since 2015, then a counter), strictly growing even when the clock stands still.
 * @param now milliseconds since 1970
 */
export function createSnowflakes(now: () => number): () => string {
  let last = 0n;
  return () => {
    const candidate = BigInt(Math.max(0, Math.floor(now()) - DISCORD_EPOCH_MS)) << 22n;
    last = candidate > last ? candidate : last + 1n;
    return last.toString();
  };
}
