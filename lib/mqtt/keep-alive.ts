export interface KeepAliveOptions {
  /** The keep-alive announced to the broker, in seconds; 0 for none. */
  readonly seconds: number;
  readonly ping: () => void;
  /** Called once a connection when the broker has been silent for one and a half times the keep-alive. */
  readonly onSilent: (silentMs: number) => void;
  readonly now: () => number;
}

/**
 * Keeps a connection alive and notices when the other side is gone. The broker is alive while anything at all comes from
 * it; an answer to a ping may stand behind a long queue of messages, and while we do not read there is none.
 * `tick` wants to be called every half of the keep-alive: `intervalMs`.
 */
export class KeepAlive {
  lastHeard: number;
  #paused = false;
  #ended = true;

  constructor(private readonly options: KeepAliveOptions) {
    this.lastHeard = options.now();
  }

  get intervalMs(): number {
    return this.options.seconds * 500;
  }

  /** A connection begins. */
  begin(): void {
    this.#ended = false;
    this.lastHeard = this.options.now();
  }

  /** While paused silence proves nothing, because nothing is read. */
  set paused(paused: boolean) {
    this.#paused = paused;
    if (!paused) this.lastHeard = this.options.now();
  }

  tick(): void {
    if (this.#ended) return;
    const silentMs = this.options.now() - this.lastHeard;
    if (!this.#paused && silentMs > this.options.seconds * 1500) {
      this.#ended = true;
      this.options.onSilent(silentMs);
      return;
    }
    this.options.ping();
  }
}
