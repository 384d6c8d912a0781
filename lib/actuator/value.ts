import type { ActuatorValue, OutputInfo } from "../drivers/core";

const SWITCH_WORDS: ReadonlyMap<string, boolean> = new Map([
  ["on", true],
  ["true", true],
  ["1", true],
  ["off", false],
  ["false", false],
  ["0", false],
]);

/**
 * What a flow sent as a value of an output: 0, 1, "on" and "off" are switch positions, numeric texts are numbers,
 * numbers and switch positions are texts. Never rounds and never limits: what does not fit is refused.
 * @throws RangeError saying what the output takes
 */
export function outputValue(output: OutputInfo, given: unknown): ActuatorValue {
  const value = converted(output.type, given);
  if (value === undefined) return refuse(output, given);
  if (typeof value !== "number" || !output.range) return value;
  const [low, high] = output.range;
  return value >= low && value <= high ? value : refuse(output, given);
}

function converted(type: OutputInfo["type"], given: unknown): ActuatorValue | undefined {
  switch (type) {
    case "boolean":
      return typeof given === "boolean" ? given : SWITCH_WORDS.get(String(given).trim().toLowerCase());
    case "number":
      return numberOf(given);
    case "text":
      return typeof given === "string" || typeof given === "boolean" || Number.isFinite(given)
        ? String(given)
        : undefined;
  }
}

function numberOf(given: unknown): number | undefined {
  const isNumeric = typeof given === "number" || (typeof given === "string" && given.trim() !== "");
  const number = isNumeric ? Number(given) : Number.NaN;
  return Number.isFinite(number) ? number : undefined;
}

function refuse({ actuator, type, range, unit }: OutputInfo, given: unknown): never {
  const numbers = range ? `${range[0]} to ${range[1]} ${unit}` : "a number";
  const expected = { boolean: "on or off", number: numbers, text: "a text" }[type];
  throw new RangeError(`${actuator}: expected ${expected}, got ${shown(given)}`);
}

function shown(given: unknown): string {
  if (typeof given === "number") return String(given);
  if (typeof given === "object" && given !== null) return Array.isArray(given) ? "an array" : "an object";
  return (JSON.stringify(given) ?? String(given)).slice(0, 80);
}
