import { expect, it } from "vitest";
import { seriesSelection } from "./series-selection";

const KEYS = ["pump-1/temperature", "pump-1/vibration.x", "pump-10/temperature"];
const chosen = (payload: unknown): string[] => KEYS.filter(seriesSelection(payload) ?? (() => true));

it.each([
  [undefined, KEYS],
  ["all", KEYS],
  [1_700_000_000_000, KEYS],
  ["pump-1", KEYS.slice(0, 2)],
  [{ deviceId: "pump-1" }, KEYS.slice(0, 2)],
  [{ deviceId: "pump-1", sensor: "temperature" }, KEYS.slice(0, 1)],
  ["pump-2", []],
])("%j means %j", (payload, expected) => {
  expect(chosen(payload)).toEqual(expected);
});

it.each([[{}], [{ deviceId: 5 }], [[]], [{ deviceId: "a", sensor: 1 }]])("%j names nothing", (payload) => {
  expect(() => seriesSelection(payload)).toThrow(/^msg.payload: expected "all", a device id/);
});
