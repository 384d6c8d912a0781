import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileLimit, isBeyond, isComparable, isHeld, type Limit, type Operator } from "./limit";

const limit = (op: Operator, value: Limit["value"], deadband?: number) =>
  compileLimit({ op, value, severity: "high", deadband });

describe("a limit", () => {
  test.each<[Operator, number, number[], number[]]>([
    [">", 38, [38.1, 100], [38, 37, -1]],
    [">=", 38, [38, 38.1], [37.9]],
    ["<", 90, [89.9, -5], [90, 91]],
    ["<=", 90, [90, 89], [90.1]],
    ["==", 1, [1], [0, 1.0001]],
    ["!=", 1, [0, 1.0001], [1]],
  ])("%s %d", (op, value, beyond, within) => {
    const compiled = limit(op, value);
    expect(beyond.filter((each) => isBeyond(compiled, each))).toEqual(beyond);
    expect(within.filter((each) => isBeyond(compiled, each))).toEqual([]);
  });

  test("is held inside its deadband and left at its end", () => {
    // ISA-18.2: the alarm clears when the measurement is back by the deadband.
    expect([37.5, 37.0001].every((value) => isHeld(limit(">", 38, 1), value))).toBe(true);
    expect(isHeld(limit(">", 38, 1), 37)).toBe(false);
    expect(isHeld(limit(">=", 38, 1), 37)).toBe(true);
    expect(isHeld(limit("<", 10, 2), 11.9)).toBe(true);
    expect(isHeld(limit("<", 10, 2), 12)).toBe(false);
    expect(isHeld(limit("<=", 10, 2), 12)).toBe(true);
  });

  test("whatever is beyond it also holds it", () => {
    const operators = fc.constantFrom<Operator[]>(">", ">=", "<", "<=", "==", "!=");
    fc.assert(
      fc.property(operators, fc.integer(), fc.nat(100), fc.integer(), (op, threshold, deadband, value) => {
        const compiled = limit(op, threshold, deadband);
        return !isBeyond(compiled, value) || isHeld(compiled, value);
      }),
    );
  });

  test("compares booleans as 1 and 0, and text only with text", () => {
    expect(isBeyond(limit("==", true), true)).toBe(true);
    expect(isBeyond(limit("==", true), 1)).toBe(true);
    expect(isBeyond(limit(">", 0), true)).toBe(true);
    expect(isBeyond(limit("==", "open"), "open")).toBe(true);
    expect(isBeyond(limit("!=", "open"), "shut")).toBe(true);
    expect(isComparable(limit("!=", "open"), 1)).toBe(false);
    expect(isComparable(limit(">", 1), "open")).toBe(false);
    expect(isComparable(limit(">", 1), null)).toBe(false);
  });

  test.each([
    [{ op: "=>", value: 1 }, /expected one of > >=/],
    [{ op: ">", value: "hot" }, /> compares numbers, got the text "hot"/],
    [{ op: ">", value: Number.NaN }, /expected a number/],
    [{ op: ">", value: 1, deadband: -1 }, /deadband of 0 or more, got -1/],
  ])("refuses %j", (input, reason) => {
    expect(() => compileLimit({ severity: "high", ...input } as Limit)).toThrow(reason);
  });
});
