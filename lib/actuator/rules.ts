import type { ActuatorValue, OutputInfo } from "../drivers/core";
import { outputValue } from "./value";

/** How an output is to be protected, as a user says it. Times in ms; what is missing does not apply. */
export interface OutputLimits {
  /** Set at start, at close and when the input is lost; the output's own when missing. */
  readonly safe?: unknown;
  /** Narrower than what the part can do, limits included. */
  readonly range?: readonly [low: number, high: number];
  /** Once on, it stays on for so long; once off, off. Going safe does not wait. */
  readonly minOnMs?: number;
  readonly minOffMs?: number;
  /** Then it is switched off, and stays off until off has been asked for. */
  readonly maxOnMs?: number;
  /** Without input for so long it goes safe. */
  readonly inputTimeoutMs?: number;
}

/** Checked limits of an output. */
export interface OutputRules {
  readonly output: OutputInfo;
  readonly safe: ActuatorValue;
  /** The value that is not "on": false, 0, no text; the safe value where 0 cannot be set. */
  readonly off: ActuatorValue;
  readonly minOnMs: number;
  readonly minOffMs: number;
  /** Infinity when there is none. */
  readonly maxOnMs: number;
  readonly inputTimeoutMs: number;
}

/** @throws RangeError for limits that are not valid or exclude one another */
export function outputRules(info: OutputInfo, limits: OutputLimits = {}): OutputRules {
  const output = narrowed(info, limits.range);
  const safe = outputValue(output, limits.safe ?? info.safe);
  const rules: OutputRules = {
    output,
    safe,
    off: offValue(output, safe),
    minOnMs: duration("least on time", limits.minOnMs, 0),
    minOffMs: duration("least off time", limits.minOffMs, 0),
    maxOnMs: duration("longest on time", limits.maxOnMs, Number.POSITIVE_INFINITY),
    inputTimeoutMs: duration("longest time without input", limits.inputTimeoutMs, Number.POSITIVE_INFINITY),
  };
  if (rules.maxOnMs === 0) throw new RangeError("expected a longest on time of more than 0 ms");
  if (rules.inputTimeoutMs === 0) throw new RangeError("expected a longest time without input of more than 0 ms");
  if (rules.minOnMs > rules.maxOnMs) {
    throw new RangeError(`the least on time, ${rules.minOnMs} ms, is longer than the longest, ${rules.maxOnMs} ms`);
  }
  if (rules.maxOnMs !== Number.POSITIVE_INFINITY && isOn(rules, safe)) {
    throw new RangeError(`${info.actuator}: a safe value that is on and a longest on time exclude one another`);
  }
  return rules;
}

/** True when the value is anything but off. */
export const isOn = (rules: OutputRules, value: ActuatorValue): boolean => value !== rules.off;

function narrowed(output: OutputInfo, range: OutputLimits["range"]): OutputInfo {
  if (!range || output.type !== "number") return output;
  const [lowest, highest] = output.range ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const [low, high] = range;
  if (low >= lowest && high <= highest && low <= high) return { ...output, range };
  throw new RangeError(
    `${output.actuator}: expected limits within ${lowest} to ${highest} ${output.unit}, got ${low} to ${high}`,
  );
}

function offValue({ type, range }: OutputInfo, safe: ActuatorValue): ActuatorValue {
  if (type === "boolean") return false;
  if (type === "text") return "";
  return !range || (range[0] <= 0 && range[1] >= 0) ? 0 : safe;
}

function duration(what: string, ms: number | undefined, missing: number): number {
  if (ms === undefined) return missing;
  if (ms >= 0) return ms;
  throw new RangeError(`expected a ${what} of 0 ms or more, got ${ms}`);
}
