import { describe, expect, it } from "vitest";
import type { OutputInfo } from "../drivers/core";
import { outputRules, outputValue } from ".";

const relay: OutputInfo = { actuator: "relay", type: "boolean", unit: "1", safe: false };
const servo: OutputInfo = { actuator: "angle", type: "number", unit: "deg", range: [0, 180], safe: 90 };
const heater: OutputInfo = { actuator: "setpoint", type: "number", unit: "Cel", range: [5, 30], safe: 5 };
const display: OutputInfo = { actuator: "text", type: "text", unit: "1", safe: "" };

describe("a value of an output", () => {
  it.each([
    [relay, true, true],
    [relay, 1, true],
    [relay, "ON", true],
    [relay, " off ", false],
    [relay, 0, false],
    [servo, 180, 180],
    [servo, "0", 0],
    [servo, -0, -0],
    [display, 21.5, "21.5"],
    [display, true, "true"],
    [display, "", ""],
  ])("of %o from %o is %o", (output, given, value) => {
    expect(outputValue(output, given)).toBe(value);
  });

  it.each([
    [relay, 2, "relay: expected on or off, got 2"],
    [relay, "maybe", 'relay: expected on or off, got "maybe"'],
    [relay, null, "relay: expected on or off, got null"],
    [servo, 180.1, "angle: expected 0 to 180 deg, got 180.1"],
    [servo, Number.NaN, "angle: expected 0 to 180 deg, got NaN"],
    [servo, Number.POSITIVE_INFINITY, "angle: expected 0 to 180 deg, got Infinity"],
    [servo, "", 'angle: expected 0 to 180 deg, got ""'],
    [servo, true, "angle: expected 0 to 180 deg, got true"],
    [display, Number.NaN, "text: expected a text, got NaN"],
    [display, ["a"], "text: expected a text, got an array"],
    [display, undefined, "text: expected a text, got undefined"],
  ])("of %o is not %o", (output, given, message) => {
    expect(() => outputValue(output, given)).toThrow(new RangeError(message));
  });
});

describe("rules", () => {
  it("know what off is", () => {
    expect(outputRules(relay).off).toBe(false);
    expect(outputRules(servo).off).toBe(0);
    expect(outputRules(heater).off).toBe(5);
    expect(outputRules(display).off).toBe("");
  });

  it("narrow the range and check the safe value against it", () => {
    expect(outputRules(servo, { range: [20, 160], safe: "20" })).toMatchObject({ safe: 20, off: 20 });
    expect(() => outputRules(servo, { range: [100, 160] })).toThrow("angle: expected 100 to 160 deg, got 90");
    expect(() => outputRules(servo, { range: [0, 200] })).toThrow("expected limits within 0 to 180 deg, got 0 to 200");
    expect(() => outputRules(servo, { range: [100, 50] })).toThrow("expected limits within");
  });

  it("refuse limits that exclude one another", () => {
    expect(() => outputRules(relay, { minOnMs: 10, maxOnMs: 5 })).toThrow("the least on time, 10 ms, is longer");
    expect(() => outputRules(relay, { safe: true, maxOnMs: 5 })).toThrow("a safe value that is on");
    expect(() => outputRules(relay, { maxOnMs: 0 })).toThrow("more than 0 ms");
    expect(() => outputRules(relay, { inputTimeoutMs: 0 })).toThrow("more than 0 ms");
    expect(() => outputRules(relay, { minOffMs: -1 })).toThrow("expected a least off time of 0 ms or more, got -1");
    expect(() => outputRules(relay, { maxOnMs: Number.NaN })).toThrow("expected a longest on time");
  });
});
