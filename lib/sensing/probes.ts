import {
  type AnalogProbe,
  type Buffer,
  type Connection,
  phProbe,
  probed,
  soilMoistureProbe,
  tableProbe,
} from "../analog";
import type { SensorSession } from "../drivers";

/** A probe without a digital interface, as a row of a table. */
export interface ProbeRow {
  /** Channel of the converter: "input0". */
  readonly input: string;
  readonly kind: "table" | "soil" | "ph";
  /** Name of the probe's channel; the kind's own when empty. */
  readonly sensor: string;
  /** UCUM code; for `table`. */
  readonly unit: string;
  /** Voltages and what they stand for: "2.8 = 0, 1.2 = 100". */
  readonly points: string;
}

/** @throws RangeError naming the input */
export function connectionsOf(rows: readonly ProbeRow[]): Connection[] {
  return rows.map((row) => {
    try {
      return { input: row.input.trim(), probe: named(row.sensor.trim(), probeOf(row)) };
    } catch (error) {
      throw new RangeError(`probe at ${row.input}: ${error instanceof Error ? error.message : error}`);
    }
  });
}

/** A converter that says what its probes measure instead of their voltages. @throws RangeError for an input that it does not have */
export function withProbes(session: SensorSession, connections: readonly Connection[]): SensorSession {
  if (connections.length === 0) return session;
  const inputs = session.channels.map(({ sensor }) => sensor);
  const missing = connections.find(({ input }) => !inputs.includes(input));
  if (missing) throw new RangeError(`the part has no input "${missing.input}"; it has ${inputs.join(", ")}`);
  return {
    channels: connections.map(({ probe }) => probe.channel),
    read: async () => probed(await session.read(), connections),
    close: () => session.close(),
  };
}

function probeOf({ kind, sensor, unit, points }: ProbeRow): AnalogProbe {
  const pairs = pointsOf(points);
  switch (kind) {
    case "table": {
      if (sensor.trim() === "") throw new RangeError("expected a channel, such as level");
      const channel = { sensor: sensor.trim(), unit: unit.trim() || "1" };
      return tableProbe({ channel, points: pairs });
    }
    case "soil": {
      const [dry, wet] = [pairs.find(({ is }) => is === 0), pairs.find(({ is }) => is === 100)];
      if (!dry || !wet) throw new RangeError("expected the voltages in dry and wet soil, such as 2.8 = 0, 1.2 = 100");
      return soilMoistureProbe({
        dry: dry.at,
        wet: wet.at,
        points: pairs.filter((pair) => pair !== dry && pair !== wet),
      });
    }
    case "ph": {
      const [first, second] = pairs.map(({ at, is }): Buffer => ({ ph: is, volts: at }));
      if (!first || pairs.length > 2)
        throw new RangeError("expected the voltages in one or two buffers, such as 0 = 7");
      return phProbe({ buffers: second ? [first, second] : [first] });
    }
  }
}

function pointsOf(text: string) {
  return text
    .split(",")
    .filter((part) => part.trim() !== "")
    .map((part) => {
      const [at, is, ...more] = part.split("=").map((number) => (number.trim() === "" ? Number.NaN : Number(number)));
      if (at === undefined || is === undefined || more.length > 0 || !Number.isFinite(at) || !Number.isFinite(is)) {
        throw new RangeError(`expected voltages and values such as 2.8 = 0, 1.2 = 100, got "${part.trim()}"`);
      }
      return { at, is };
    });
}

function named(sensor: string, probe: AnalogProbe): AnalogProbe {
  if (sensor === "") return probe;
  return {
    channel: { ...probe.channel, sensor },
    read: (volts, surroundings) => ({ ...probe.read(volts, surroundings), sensor }),
  };
}
