import { Deadlines } from "./deadlines";
import type { DeviceRecord } from "./record";
import type { SteadyClock } from "./steady-clock";

/** Judges from when devices were last seen who has fallen silent. */
export class Presence {
  readonly #deadlines = new Deadlines();
  /** Until a threshold after it, silence may be the gateway's own: it was not there to hear. */
  #startedAt: number;

  /** @param offlineAfterMs silence after which a device is offline that has no threshold of its own */
  constructor(
    private readonly offlineAfterMs: number,
    private readonly clock: SteadyClock,
  ) {
    this.#startedAt = clock.now();
  }

  /** To be called when the device's status or threshold has changed; that it was seen again need not be told. */
  watch(record: DeviceRecord): void {
    // Who is offline already or in maintenance may be silent.
    const matters = record.status === "online" || record.status === "error";
    if (matters) this.#deadlines.watch(record, this.#deadline(record));
    else this.#deadlines.unwatch(record);
  }

  unwatch(record: DeviceRecord): void {
    this.#deadlines.unwatch(record);
  }

  /** Whether it was seen within its threshold. */
  isHeard(record: DeviceRecord, now: number): boolean {
    return now < record.lastSeen + this.#threshold(record);
  }

  /** Who has fallen silent, and who was looked at and was heard. `all` is gone through only when the clock was set. */
  sweep(now: number, all: Iterable<DeviceRecord>, limit: number): { heard: DeviceRecord[]; silent: DeviceRecord[] } {
    const jump = this.clock.jump();
    if (jump !== 0) this.#moveAlong(jump, now, all);
    const heard: DeviceRecord[] = [];
    const silent: DeviceRecord[] = [];
    for (const record of this.#deadlines.takeDue(now, limit)) {
      (now < this.#deadline(record) ? heard : silent).push(record);
    }
    for (const record of heard) this.watch(record);
    return { heard, silent };
  }

  /** When the wall clock was set, what was measured by it moves along, so that no device goes offline for it. */
  #moveAlong(jump: number, now: number, all: Iterable<DeviceRecord>): void {
    const startedAt = this.#startedAt;
    this.#startedAt += jump;
    this.#deadlines.clear();
    for (const record of all) {
      // What was seen in an earlier run was measured by that run's clock; what was seen just now perhaps by the new one.
      if (record.lastSeen >= startedAt) record.lastSeen = Math.min(record.lastSeen + jump, now);
      this.watch(record);
    }
  }

  #deadline(record: DeviceRecord): number {
    return Math.max(record.lastSeen, this.#startedAt) + this.#threshold(record);
  }

  #threshold({ info }: DeviceRecord): number {
    return info.offlineAfter === undefined ? this.offlineAfterMs : info.offlineAfter * 1000;
  }
}
