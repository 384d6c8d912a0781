import type { IncomingMessage } from "./contract";

/** Bytes of a refused message that its error carries: enough to see what it was. */
const SHOWN_BYTES = 1024;
/** Errors a second; a device gone mad must not fill the log, so the rest of a second is one error with their count. */
const MOST_PER_SECOND = 50;

type Report = (error: Error, msg: Record<string, unknown>) => void;

/** Reports refused messages as catchable errors, one each while they are few. */
export class Complaints {
  #reported = 0;
  #unreported = 0;
  #lastReason = "";

  constructor(private readonly report: Report) {}

  about(message: IncomingMessage, reason: string): void {
    if (this.#reported >= MOST_PER_SECOND) {
      this.#unreported += 1;
      this.#lastReason = reason;
      return;
    }
    this.#reported += 1;
    this.report(new Error(`${message.topic}: ${reason}`), {
      topic: message.topic,
      // A copy: the bytes are only lent.
      payload: Buffer.from(message.payload.subarray(0, SHOWN_BYTES)),
      reason,
      qos: message.qos,
      retain: message.retain,
      bytes: message.payload.length,
    });
  }

  /** Wants to be called once a second. */
  tick(): void {
    const unreported = this.#unreported;
    this.#reported = 0;
    this.#unreported = 0;
    if (unreported === 0) return;
    const reason = `${unreported} more messages refused within a second, the last: ${this.#lastReason}`;
    this.report(new Error(reason), { reason, refused: unreported });
  }
}
