import { LatelyHeard } from "../clock";
import { Once } from "../text/once";
import type { RowCause, RowLoss, RowObserver } from "./row-troubles";

/** Where a node says what it has to say of the rows of its devices. */
export interface RowTeller {
  warn(text: string): void;
  readonly metrics: { count(name: string): void };
}

/** Warnings in all; with a wrong configuration every device has the same. */
const MOST_TOLD = 100;
/** Devices whose trouble is remembered. */
const MOST_DEVICES = 10_000;

/**
 * What is wrong with the rows of all devices of a node: counted, told once a device and cause, and kept for the status as long
 * as it lasts and the device is heard of. Bounded.
 */
export class RowWatch implements RowObserver {
  readonly #told = new Once(MOST_TOLD);
  readonly #present = new Map<string, Map<RowCause, string>>();
  readonly #heard = new LatelyHeard();

  constructor(private readonly teller: RowTeller) {}

  heard(deviceId: string, timestamp: number): void {
    this.#heard.hear(deviceId, timestamp);
  }

  lost(what: RowLoss): void {
    this.teller.metrics.count(what);
  }

  trouble(deviceId: string, cause: RowCause, text: string | undefined): void {
    if (text === undefined) this.#over(deviceId, cause);
    else this.#begun(deviceId, cause, text);
  }

  #begun(deviceId: string, cause: RowCause, text: string): void {
    this.#tellOnce(`${deviceId}\n${cause}`, `${deviceId}: ${text}`);
    const known = this.#present.get(deviceId);
    if (known) known.set(cause, text);
    else if (this.#present.size < MOST_DEVICES) {
      this.#present.set(deviceId, new Map([[cause, text]]));
      this.#heard.watch(deviceId);
    }
  }

  #over(deviceId: string, cause: RowCause): void {
    const known = this.#present.get(deviceId);
    known?.delete(cause);
    if (known?.size === 0) this.#clear(deviceId);
  }

  #tellOnce(key: string, text: string): void {
    if (!this.#told.isNews(key)) return;
    this.teller.warn(this.#told.isFull ? `${text}; of further devices only the status tells` : text);
  }

  /** One of what is wrong now, and how many devices have something; undefined while nothing is. */
  get problem(): string | undefined {
    const others = this.#heard.size - 1;
    for (const [deviceId, causes] of this.#present) {
      if (!this.#heard.isRecent(deviceId)) continue;
      const text = `${deviceId}: ${[...causes.values()].at(-1)}`;
      return others > 0 ? `${text}; ${others} more device${others > 1 ? "s" : ""}` : text;
    }
    return undefined;
  }

  /** What was forgotten of a device, or of all, is no trouble any more; it may be told again. */
  forget(deviceId?: string): void {
    if (deviceId === undefined) {
      this.#present.clear();
      this.#heard.clear();
      this.#told.forget();
      return;
    }
    this.#clear(deviceId);
    this.#told.forget((key) => key.startsWith(`${deviceId}\n`));
  }

  #clear(deviceId: string): void {
    this.#present.delete(deviceId);
    this.#heard.forget(deviceId);
  }
}
