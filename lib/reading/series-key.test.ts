import { describe, expect, it } from "vitest";
import { seriesKey } from "./series-key";

describe("seriesKey", () => {
  it("names a series, the same each time, and any two apart", () => {
    expect(seriesKey({ deviceId: "pump-1", sensor: "vibration.x" })).toBe("pump-1/vibration.x");
    expect(seriesKey({ deviceId: "pump-1", sensor: "vibration.x" })).toBe("pump-1/vibration.x");
    expect(seriesKey({ deviceId: "a", sensor: "b/c" })).not.toBe(seriesKey({ deviceId: "a.b", sensor: "c" }));
    expect(seriesKey({ deviceId: "__proto__", sensor: "constructor" })).toBe("__proto__/constructor");
  });

  it("stays right, and bounded, over more series than it remembers", () => {
    for (let index = 0; index < 450_000; index += 1) {
      if (seriesKey({ deviceId: `d${index}`, sensor: "s" }) !== `d${index}/s`)
        throw new Error(`wrong key for ${index}`);
    }
    expect(seriesKey({ deviceId: "d0", sensor: "s" })).toBe("d0/s");
  });
});
