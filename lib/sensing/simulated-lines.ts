import { type Disturbance, type ModelDefinition, readRecording, type SimulatedBus } from "../bus/simulated";
import { bytesOf } from "../files";
import { contactModel, detectorModel, pulseModel } from "../gpio/models";
import { courseValues, type FaultRow, faultEvent, type PartTables, recordingOf, rowsOfParts } from "./simulated-parts";

/** What can be at a simulated line, as the table of parts calls it, and what it does when nobody says. */
export const LINE_PARTS = {
  /** Quantity `active`: closed to ground from 0.5 on. */
  contact: contactModel({ unit: "1", curve: { kind: "square", low: 0, high: 1, period: 60, duty: 0.25 } }),
  /** Quantity `active`: drives high from 0.5 on. */
  detector: detectorModel({ unit: "1", curve: { kind: "square", low: 0, high: 1, period: 60, duty: 0.1 } }),
  /** Quantity `flow`: pulses in Hz. */
  pulses: pulseModel({ unit: "Hz", curve: { kind: "sine", mean: 3, amplitude: 2, period: 120 }, min: 0 }, 1),
} as const satisfies Readonly<Record<string, ModelDefinition<"gpio">>>;

export type LinePart = keyof typeof LINE_PARTS;

/**
 * Puts parts on the lines of a simulated GPIO chip.
 * @param folder where recordings with relative names are
 * @throws RangeError naming the row, CsvError for a recording that is none
 */
export async function plugLines(bus: SimulatedBus, tables: PartTables, folder: string): Promise<void> {
  for (const { row, courses, faults } of rowsOfParts(tables, (place) => [place])) {
    const name = row.driver.trim();
    if (!isLinePart(name)) {
      throw new RangeError(`part ${name}: expected one of ${Object.keys(LINE_PARTS).join(", ")}`);
    }
    const model: ModelDefinition<"gpio"> = LINE_PARTS[name];
    const { recording } = recordingOf(courses, folder);
    bus.plug(model as ModelDefinition, {
      address: lineOf(row.place),
      values: courseValues(courses),
      disturbances: faults.map((fault) => disturbance(fault, model)),
      ...(recording ? { recording: await readRecording(bytesOf(recording.file), recording.columns) } : {}),
    });
  }
}

/** Puts the part on its line unless there is one. */
export function ensureLine(bus: SimulatedBus, line: number, part: LinePart): void {
  if (!bus.partAt({ address: line })) bus.plug(LINE_PARTS[part] as ModelDefinition, { address: line });
}

const isLinePart = (name: string): name is LinePart => Object.hasOwn(LINE_PARTS, name);

function disturbance(fault: FaultRow, { quantities }: ModelDefinition): Disturbance {
  const event = faultEvent(fault);
  if (!("sensor" in event) || Object.hasOwn(quantities, event.sensor)) return event;
  throw new RangeError(
    `the part does not measure "${event.sensor}"; it measures ${Object.keys(quantities).join(", ")}`,
  );
}

function lineOf(text: string): number {
  if (/^\d{1,4}$/.test(text.trim())) return Number(text);
  throw new RangeError(`expected the number of a line, got "${text}"`);
}
