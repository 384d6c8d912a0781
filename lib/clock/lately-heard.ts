import { DeviceClock } from "./device-clock";

/** A device that was silent for so long while others were not is not heard of lately. */
const SILENT_MS = 24 * 3_600_000;

/**
 * Which of the devices that are watched have been heard of lately, by the time that the readings of all devices tell: one that
 * was taken away shall not be spoken of for ever. Memory is that of the devices watched; all is O(1), amortised.
 */
export class LatelyHeard {
  readonly #clock = new DeviceClock();
  /** The time at which each was last heard of, the one that is silent for longest first. */
  readonly #recent = new Map<string, number>();
  readonly #silent = new Set<string>();

  /** A reading of any device, watched or not. */
  hear(deviceId: string, timestamp: number): void {
    this.#clock.tick(timestamp);
    if (this.#recent.size + this.#silent.size === 0) return;
    if (this.#recent.delete(deviceId) || this.#silent.delete(deviceId)) this.#recent.set(deviceId, this.#now);
  }

  /** From now on; a device that begins to be watched has just been heard of. */
  watch(deviceId: string): void {
    this.#silent.delete(deviceId);
    this.#recent.delete(deviceId);
    this.#recent.set(deviceId, this.#now);
  }

  forget(deviceId: string): void {
    this.#recent.delete(deviceId);
    this.#silent.delete(deviceId);
  }

  clear(): void {
    this.#recent.clear();
    this.#silent.clear();
  }

  isRecent(deviceId: string): boolean {
    this.#sort();
    return this.#recent.has(deviceId);
  }

  /** Devices that are watched and were heard of lately. */
  get size(): number {
    this.#sort();
    return this.#recent.size;
  }

  get #now(): number {
    return this.#clock.latest ?? Number.NEGATIVE_INFINITY;
  }

  #sort(): void {
    for (const [deviceId, at] of this.#recent) {
      // Before any time is known nobody has been silent.
      if (!(this.#now - at > SILENT_MS)) return;
      this.#recent.delete(deviceId);
      this.#silent.add(deviceId);
    }
  }
}
