import { describe, expect, it } from "vitest";
import { connectLength } from "./admission";

describe("connectLength", () => {
  // Remaining lengths: MQTT 3.1.1, table 2.4. The first packet: mqtt-packet's test.js, "minimal connect".
  it.each([
    ["101200064d51497364700300001e000474657374", 18],
    ["1000", 0],
    ["107f", 127],
    ["108001", 128],
    ["10ff7f", 16_383],
    ["10808001", 16_384],
    ["10ffffff7f", 268_435_455],
    ["", undefined],
    ["10", undefined],
    ["10ff", undefined],
    ["10ffffff", undefined],
    ["10ffffffff", Number.NaN],
    ["474554", Number.NaN],
    ["3000", Number.NaN],
  ])("of %s is %s", (hex, length) => {
    expect(connectLength(Buffer.from(hex, "hex"))).toBe(length);
  });
});
