/** Discord's limits that a test may want smaller, larger or off. */
export interface PlaygroundLimits {
  /** Time for the first answer to an interaction. */
  readonly answerWithinMs: number;
  /** How long an interaction's token works. */
  readonly tokenLifetimeMs: number;
  /** Bytes of one file, also sent as `attachment_size_limit`. */
  readonly attachmentBytes: number;
  /** Bytes of one request. */
  readonly requestBytes: number;
  readonly heartbeatIntervalMs: number;
  /** False sends generous rate-limit headers and never answers 429 by itself. */
  readonly enforceRateLimits: boolean;
}

export const DEFAULT_LIMITS: PlaygroundLimits = {
  answerWithinMs: 3_000,
  tokenLifetimeMs: 15 * 60_000,
  attachmentBytes: 10 * 1024 * 1024,
  requestBytes: 25 * 1024 * 1024,
  heartbeatIntervalMs: 41_250,
  enforceRateLimits: true,
};
