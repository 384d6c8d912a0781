import { describe, expect, it } from "vitest";
import { hex, smbusPec } from "./core";
import { rig } from "./core/rig";
import { mlx90614 } from "./mlx90614";
import { mlx90614Model } from "./mlx90614.model";

/** A transaction of a part at 0x5A. */
const word = (register: string, data: string) => `B4 ${register} B5 ${data}`;
const checked = (register: string, data: string) => {
  const bytes = hex(word(register, data));
  return [...bytes, smbusPec(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
};

describe("the conversion", () => {
  /** eldruin/mlx9061x-rs, tests/mlx90614.rs: read_ta1 to read_ta4 and read_object1_temp, with their packet error codes. */
  it.each([
    ["E1 39 E9", 23.19],
    ["61 3A 56", 25.75],
    ["6B 3A D4", 25.95],
    ["26 3A 66", 24.57],
  ])("of %s", (answer, ambient) => {
    const frame = hex(word("06", answer) + word("07", "26 3A 70"));
    expect(mlx90614.decode(frame)).toMatchObject([
      { sensor: "temperature.object", unit: "Cel", quality: "good", value: expect.closeTo(24.57, 2) },
      { sensor: "temperature.ambient", unit: "Cel", quality: "good", value: expect.closeTo(ambient, 2) },
    ]);
  });

  /** The same tests, read_object2_temp. */
  it("of the second zone", () => {
    const frame = hex(word("06", "E1 39 E9") + word("07", "26 3A 70") + word("08", "26 3A A2"));
    expect(mlx90614.decode(frame, { options: { zones: "dual" } })[1]).toMatchObject({
      sensor: "temperature.object2",
      value: expect.closeTo(24.57, 2),
    });
  });

  /** "Commands" in the datasheet: 0x27AD is -70.01 °C, 0x7FFF is +382.19 °C, the top bit is an error flag. */
  it("of the ends and the error flag", () => {
    const object = (data: string) => mlx90614.decode(hex(checked("06", "E1 39") + checked("07", data)))[0];
    expect(object("AD 27")).toMatchObject({ value: expect.closeTo(-70.01, 6), quality: "good" });
    expect(object("FF 7F")).toMatchObject({ value: expect.closeTo(382.19, 6), quality: "good" });
    expect(object("FF FF")).toMatchObject({ value: null, quality: "bad", reason: "the part reports an error" });
    expect(object("00 00")).toMatchObject({ value: null, reason: expect.stringContaining("got -273.15") });
  });

  it("says what is damaged and what is missing", () => {
    expect(mlx90614.decode(hex(word("06", "E1 39 E8") + word("07", "26 3A 70")))).toMatchObject([
      { quality: "good" },
      { value: null, quality: "bad", reason: "CRC error" },
    ]);
    const incomplete = mlx90614.decode(hex(word("06", "E1 39 E9")));
    expect(incomplete).toMatchObject([{ reason: "incomplete: expected 12 bytes, got 6" }, { quality: "good" }]);
  });
});

describe("on a simulated bus", () => {
  const values = { "temperature.object": -21.3, "temperature.object2": 380, "temperature.ambient": 85.02 };

  it("measures one zone and two, at its address and another", async () => {
    expect(await rig(mlx90614, mlx90614Model, values).read()).toMatchObject([
      { sensor: "temperature.object", value: expect.closeTo(-21.3, 1) },
      { sensor: "temperature.ambient", value: expect.closeTo(85.02, 1) },
    ]);
    const dual = rig(mlx90614, mlx90614Model, values, { address: 0x2b, options: { zones: "dual" } });
    expect((await dual.read())[1]).toMatchObject({ sensor: "temperature.object2", value: expect.closeTo(380, 1) });
  });

  it("says when it is too hot, damaged or not there", async () => {
    const { part, read } = rig(mlx90614, mlx90614Model, { ...values, "temperature.object": 500 });
    expect(await read()).toMatchObject([{ reason: "the part reports an error" }, { quality: "good" }]);
    part.corruptNext();
    expect(await read()).toMatchObject([{ quality: "bad" }, { quality: "bad", reason: "CRC error" }]);
    part.unplug();
    await expect(read()).rejects.toMatchObject({ name: "BusError", code: "nack" });
    part.plug();
    expect((await read())[1]).toMatchObject({ quality: "good" });
  });
});
