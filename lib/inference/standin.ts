/** A version that runs in place of the current one, which does not load. */
export interface Standin {
  readonly version: string;
  readonly seq: number;
  /** Names both and says why. */
  readonly reason: string;
  /** When the current one is tried again, ms since the epoch; not by itself when it is undefined. */
  readonly nextTry?: number;
}
