import { allBad, type ChannelInfo, type ChannelReading, type ChannelValue, judged } from "../drivers/core/values";
import { numberWithin } from "../numeric";

/** What else is known when a probe is read. */
export interface Surroundings {
  /** Of what is measured, in °C. */
  readonly temperature?: number;
}

/** A part without a digital interface: what it measures follows from a voltage. */
export interface AnalogProbe {
  readonly channel: ChannelInfo;
  /** The reading for a voltage in V. Never throws. */
  read(volts: number, surroundings?: Surroundings): ChannelReading;
}

/** The voltages that a connected probe can have; outside them its cable is broken or shorted. */
export type Plausible = readonly [low: number, high: number];

/**
 * A probe by its channel and formula, which gets a finite voltage.
 * @throws RangeError when the plausible voltages are none
 */
export function analogProbe(
  channel: ChannelInfo,
  formula: (volts: number, surroundings: Surroundings) => ChannelValue,
  plausible?: Plausible,
): AnalogProbe {
  if (plausible) {
    numberWithin("lowest voltage", plausible[0], -1000, 1000);
    numberWithin("highest voltage", plausible[1], plausible[0], 1000);
  }
  return {
    channel,
    read(volts, surroundings = {}) {
      if (!Number.isFinite(volts)) return allBad([channel], "there is no voltage")[0]!;
      if (plausible && (volts < plausible[0] || volts > plausible[1])) {
        const expected = `expected ${plausible[0]} to ${plausible[1]} V, got ${Number(volts.toPrecision(4))}`;
        return allBad([channel], `not connected, or shorted: ${expected}`)[0]!;
      }
      return judged(channel, () => formula(volts, surroundings));
    },
  };
}

/** Where a probe is connected. */
export interface Connection {
  /** Channel of the converter's driver: "input0". */
  readonly input: string;
  readonly probe: AnalogProbe;
}

/**
 * What probes measure, from the readings of the converter that they are connected to. A reading of a converter that is not
 * good makes its probe's no better.
 */
export function probed(
  readings: readonly ChannelReading[],
  connections: readonly Connection[],
  surroundings: Surroundings = {},
): ChannelReading[] {
  return connections.map(({ input, probe }) => {
    const reading = readings.find(({ sensor }) => sensor === input);
    const volts = reading && voltsOf(reading);
    if (!reading || volts === undefined) {
      return allBad([probe.channel], `${input}: ${reading?.reason ?? "there is no voltage"}`)[0]!;
    }
    const result = probe.read(volts, surroundings);
    if (result.quality !== "good" || reading.quality === "good") return result;
    return { ...result, quality: reading.quality, reason: `${input}: ${reading.reason}` };
  });
}

const VOLTS: ReadonlyMap<string, number> = new Map([
  ["V", 1],
  ["mV", 1e-3],
  ["uV", 1e-6],
]);

function voltsOf({ value, unit, quality }: ChannelReading): number | undefined {
  const factor = VOLTS.get(unit);
  return typeof value === "number" && quality !== "bad" && factor !== undefined ? value * factor : undefined;
}
