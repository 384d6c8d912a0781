import { describe, expect, it } from "vitest";
import { type HistoryDefaults, historyRequest } from "./history-request";

const NOW = Date.UTC(2026, 5, 1, 12);
const HOUR = 3_600_000;
const defaults: HistoryDefaults = { deviceId: "", sensor: "", hours: 24, limit: 100, aggregate: "none", every: 10 };

describe("historyRequest", () => {
  it("asks for the last hours of a device", () => {
    expect(historyRequest({ deviceId: "pump-1" }, defaults, NOW)).toEqual({
      query: { deviceId: "pump-1", from: NOW - 24 * HOUR, to: NOW, limit: 100, order: "newest" },
      summary: undefined,
    });
  });

  it("takes everything from the message, or from the defaults when the payload is something else", () => {
    const asked = {
      deviceId: "a",
      sensor: "t",
      from: "2026-06-01T00:00:00Z",
      to: NOW - HOUR,
      limit: 5,
      aggregate: "max",
      every: 1,
    };
    expect(historyRequest(asked, defaults, NOW)).toEqual({
      query: { deviceId: "a", sensor: "t", from: Date.UTC(2026, 5, 1), to: NOW - HOUR, limit: 5, order: "newest" },
      summary: { how: "max", everyMs: 60_000 },
    });
    const preset = { ...defaults, deviceId: "b", sensor: "h", hours: 1 };
    expect(historyRequest(1_700_000_000_000, preset, NOW).query).toMatchObject({
      deviceId: "b",
      sensor: "h",
      from: NOW - HOUR,
    });
  });

  it("counts hours back from `to`", () => {
    expect(historyRequest({ deviceId: "a", to: NOW - HOUR, hours: 2 }, defaults, NOW).query.from).toBe(NOW - 3 * HOUR);
  });

  it.each([
    [{}, "msg.payload.deviceId: expected a non-empty string"],
    [{ deviceId: "a/b" }, "msg.payload.deviceId: must not contain"],
    [{ deviceId: "__proto__" }, "reserved"],
    [{ deviceId: "a", sensor: 5 }, "msg.payload.sensor: expected"],
    [{ deviceId: "a", hours: -1 }, "msg.payload.hours: expected a number above 0, got -1"],
    [{ deviceId: "a", hours: "24" }, 'msg.payload.hours: expected a number above 0, got "24"'],
    [
      { deviceId: "a", from: "yesterday" },
      'msg.payload.from: expected milliseconds since 1970 or ISO 8601, got "yesterday"',
    ],
    [{ deviceId: "a", to: Number.NaN }, "msg.payload.to: expected milliseconds since 1970"],
    [{ deviceId: "a", from: 2000, to: 1000 }, "msg.payload.from: is later than to"],
    [{ deviceId: "a", limit: 0 }, "msg.payload.limit: expected a whole number from 1"],
    [{ deviceId: "a", aggregate: "median" }, "msg.payload.aggregate: expected none or one of mean, min"],
    [{ deviceId: "a", aggregate: "mean", every: 0 }, "msg.payload.every: expected minutes above 0"],
  ])("refuses %j", (payload, reason) => {
    expect(() => historyRequest(payload, defaults, NOW)).toThrow(reason);
  });
});
