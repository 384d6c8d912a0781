export interface BackoffOptions {
  /** Upper bound of the first delay, ms. */
  readonly baseMs: number;
  /** Upper bound of any delay, ms. */
  readonly capMs: number;
}

export const RECONNECT_BACKOFF: BackoffOptions = { baseMs: 1000, capMs: 60_000 };

/**
 * How long to wait before attempt `attempt` (0 is the first retry), in whole ms: exponential with "equal jitter", one half
 * fixed and one half random, so that a thousand gateways do not return to a restarted broker in the same second.
 * Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 * @param random a number in [0, 1)
 */
export function backoffDelay(
  attempt: number,
  { baseMs, capMs }: BackoffOptions = RECONNECT_BACKOFF,
  random = Math.random(),
): number {
  // 2^30 of any sensible base is far beyond any cap; the bound keeps the power finite for an attempt count of years.
  const ceiling = Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30));
  return Math.round(ceiling / 2 + random * (ceiling / 2));
}
