import { describe, type ReadingValue, type Severity } from "../reading";

export type Operator = ">" | ">=" | "<" | "<=" | "==" | "!=";

/** One threshold of a rule. Without a deadband it is left the moment the comparison is false. */
export interface Limit {
  readonly op: Operator;
  /** Number, boolean (compared as 1 and 0) or, with == and !=, text. */
  readonly value: number | boolean | string;
  readonly severity: Severity;
  /** In the reading's unit; how far the value has to come back (ISA-18.2 deadband). Only for < <= > >=. */
  readonly deadband?: number;
}

/** A limit in the form the hot path compares with. */
export interface CompiledLimit {
  readonly limit: Limit;
  readonly severity: Severity;
  readonly op: Operator;
  readonly isText: boolean;
  /** What the value is compared with while the limit is not met; NaN for text. */
  readonly enter: number;
  /** What it is compared with while the limit is met: `enter` moved back by the deadband. */
  readonly leave: number;
  readonly text: string;
}

const OPERATORS: readonly unknown[] = [">", ">=", "<", "<=", "==", "!="];

/** @throws Error saying what is wrong with the limit */
export function compileLimit(given: Limit): CompiledLimit {
  // Travels in events: nobody who gets one may change the rule by it.
  const limit = Object.freeze({ ...given });
  const { op, value, severity, deadband = 0 } = limit;
  if (!OPERATORS.includes(op)) throw new Error(`expected one of ${OPERATORS.join(" ")}, got ${describe(op)}`);
  const isEquality = op === "==" || op === "!=";
  if (typeof value === "string") {
    if (!isEquality) throw new Error(`${op} compares numbers, got the text ${describe(value)}`);
    return { limit, severity, op, isText: true, enter: Number.NaN, leave: Number.NaN, text: value };
  }
  const enter = Number(value);
  if ((typeof value !== "number" && typeof value !== "boolean") || !Number.isFinite(enter)) {
    throw new Error(`expected a number, a boolean or text to compare with, got ${describe(value)}`);
  }
  if (!Number.isFinite(deadband) || deadband < 0)
    throw new Error(`expected a deadband of 0 or more, got ${describe(deadband)}`);
  const back = isEquality ? 0 : op === ">" || op === ">=" ? -deadband : deadband;
  return { limit, severity, op, isText: false, enter, leave: enter + back, text: "" };
}

/** Whether value and limit are of a kind: text with text, numbers and booleans with numbers and booleans. */
export function isComparable(limit: CompiledLimit, value: ReadingValue): boolean {
  return value !== null && limit.isText === (typeof value === "string");
}

/** Whether a comparable value is beyond the limit itself, whatever happened before. */
export function isBeyond(limit: CompiledLimit, value: ReadingValue): boolean {
  return limit.isText ? compareText(limit, value) : compare(limit.op, Number(value), limit.enter);
}

/** Whether a comparable value keeps a met limit met: beyond it or inside its deadband. */
export function isHeld(limit: CompiledLimit, value: ReadingValue): boolean {
  return limit.isText ? compareText(limit, value) : compare(limit.op, Number(value), limit.leave);
}

/** Whether the value can be compared with all limits and is beyond none. */
export function isWithinAll(limits: readonly CompiledLimit[], value: ReadingValue): boolean {
  for (let i = 0; i < limits.length; i += 1) {
    const limit = limits[i] as CompiledLimit;
    if (!isComparable(limit, value) || isBeyond(limit, value)) return false;
  }
  return true;
}

function compareText(limit: CompiledLimit, value: ReadingValue): boolean {
  return (value === limit.text) === (limit.op === "==");
}

function compare(op: Operator, value: number, threshold: number): boolean {
  switch (op) {
    case ">":
      return value > threshold;
    case ">=":
      return value >= threshold;
    case "<":
      return value < threshold;
    case "<=":
      return value <= threshold;
    case "==":
      return value === threshold;
    case "!=":
      return value !== threshold;
  }
}
