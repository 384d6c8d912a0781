import type { Reading } from "../reading";
import type { Enricher } from "./enrich";
import type { Registry } from "./registry";

export interface IntakeOptions {
  /** Readings of devices that may not register themselves pass, instead of being refused. */
  readonly passUnknown?: boolean;
  readonly enricher?: Enricher;
}

/** Tells the registry who is heard in a batch, and lets the known pass. */
export class Intake {
  constructor(
    private readonly registry: Registry,
    private readonly options: IntakeOptions = {},
  ) {}

  /**
   * The readings that may pass, in their order: the batch itself when nothing was refused or added.
   * @param now when they were heard, ms since the epoch
   */
  take(batch: readonly Reading[], now: number, refuse: (reading: Reading, reason: string) => void): readonly Reading[] {
    const { registry } = this;
    const { passUnknown, enricher } = this.options;
    let passed: Reading[] | undefined;
    let device: string | undefined;
    let known = false;
    for (let i = 0; i < batch.length; i += 1) {
      const reading = batch[i] as Reading;
      // Readings of one device mostly come together.
      if (reading.deviceId !== device) {
        device = reading.deviceId;
        known = registry.touch(device, now);
      }
      const passes = known || passUnknown === true;
      const out = known && enricher !== undefined ? enricher.enrich(reading) : reading;
      if (passed === undefined && (!passes || out !== reading)) passed = batch.slice(0, i);
      if (!passes) refuse(reading, registry.whyRefused(device));
      else passed?.push(out);
    }
    return passed ?? batch;
  }
}
