import type { ConfigOf, PerSeries, Refuse } from "../../../kit";
import {
  type SampledBlock,
  SPEED_UNITS,
  SpeedProfile,
  type SpeedTrack,
  speedFactor,
  speedOfPulses,
} from "../../../lib/features";
import { describe, isNumeric, type Reading } from "../../../lib/reading";
import type { schema } from "./schema";

/** Of a block of speeds so many are kept: a shaft does not change faster. */
const KEPT_OF_BLOCK = 32;

/** The speeds of shafts, by device: always the same, or as a sensor of the device tells. */
export class Speeds {
  readonly #fixed: SpeedProfile | undefined;
  readonly #sensor: string | undefined;

  constructor(
    private readonly config: ConfigOf<typeof schema>,
    private readonly tracks: PerSeries<SpeedTrack>,
  ) {
    const { speedFrom, rpm, speedSensor } = config;
    this.#fixed = speedFrom === "fixed" ? SpeedProfile.constant(rpm) : undefined;
    this.#sensor = speedFrom === "sensor" ? speedSensor : undefined;
  }

  /** True for the sensor that tells speeds. */
  isSpeed({ sensor }: { readonly sensor: string }): boolean {
    return sensor === this.#sensor;
  }

  /** The speed over a block, where it is known. */
  over(deviceId: string, startMs: number, endMs: number): SpeedProfile | undefined {
    return this.#fixed ?? this.tracks.peek(deviceId)?.over(startMs, endMs, this.config.hold * 1000);
  }

  /** Forgets the speeds of the devices that are selected by a key of theirs; of all without a selection. */
  forget(selected?: (key: string) => boolean): void {
    if (!selected) this.tracks.clear();
    else {
      const devices = [...this.tracks.states()].map(([deviceId]) => deviceId);
      for (const id of devices) if (selected(`${id}/${this.#sensor}`)) this.tracks.forget(id);
    }
  }

  take(reading: Reading, refuse: Refuse): void {
    const { deviceId, sensor, unit, value, timestamp, quality } = reading;
    if (quality === "bad") return;
    const factor = speedFactor(unit);
    if (factor === undefined) refuse(reading, `${deviceId}/${sensor}: expected a speed in ${SPEED_UNITS}, got ${unit}`);
    else if (!isNumeric(reading)) refuse(reading, `${deviceId}/${sensor}: expected a speed, got ${describe(value)}`);
    else this.tracks.ofKey(deviceId).push({ time: timestamp, rpm: Math.abs(reading.value) * factor });
  }

  takeBlock(block: SampledBlock, refuse: Refuse): void {
    const { deviceId, sensor, end } = block;
    try {
      const track = this.tracks.ofKey(deviceId);
      for (const point of this.#pointsOf(block)) track.push(point);
    } catch (error) {
      refuse(
        { deviceId, sensor, timestamp: end },
        `${deviceId}/${sensor}: ${error instanceof Error ? error.message : error}`,
      );
    }
  }

  #pointsOf({ samples, rateHz, end, unit }: SampledBlock): SpeedProfile["points"] {
    const start = end - (1000 * (samples.length - 1)) / rateHz;
    const { pulses } = this.config;
    if (pulses > 0) return speedOfPulses(samples, rateHz, start, pulses).points;
    const factor = speedFactor(unit);
    if (factor === undefined) throw new RangeError(`expected a speed in ${SPEED_UNITS}, got ${unit}`);
    const step = Math.max(1, Math.floor(samples.length / KEPT_OF_BLOCK));
    return Array.from({ length: Math.ceil(samples.length / step) }, (_, i) => ({
      time: start + (1000 * i * step) / rateHz,
      rpm: Math.abs(samples[i * step] as number) * factor,
    }));
  }
}
