import { describe, expect, it } from "vitest";
import { i2cModel } from "../bus/simulated";
import { hex } from "./core";
import { rig } from "./core/rig";
import { sgp30 } from "./sgp30";
import { sgp30Model } from "./sgp30.model";

describe("the conversion", () => {
  /** dbrgn/sgp30-rs, tests measure_success and get_baseline. */
  it("of an answer", () => {
    const channels = { options: { reportBaseline: true } };
    expect(sgp30.decode(hex("123437 D402A4 123437 D402A4"), channels)).toEqual([
      { sensor: "co2", unit: "[ppm]", quality: "good", value: 4660 },
      { sensor: "tvoc", unit: "[ppb]", quality: "good", value: 54274 },
      { sensor: "baseline", unit: "1", quality: "good", value: "1234-D402" },
    ]);
    // No baseline yet.
    expect(sgp30.decode(hex("123437 D402A4 000081 000081"), channels)).toHaveLength(2);
  });

  /** Table 1: 400 to 60000 ppm, 0 to 60000 ppb; checksums of the shared vectors crc8.json. */
  it("says what is damaged, saturated and short", () => {
    expect(sgp30.decode(hex("123436 D402A4"))).toMatchObject([{ reason: "CRC error" }, { reason: "CRC error" }]);
    expect(sgp30.decode(hex("FFFFAC FFFFAC"))).toMatchObject([
      { value: null, reason: "out of range: expected 400 to 60000 [ppm], got 65535" },
      { value: null, reason: "out of range: expected 0 to 60000 [ppb], got 65535" },
    ]);
    const state = { startedAt: 0, lastAt: 0, doubt: "warming up" };
    expect(sgp30.decode(hex("FFFFAC 000081"), { state })).toMatchObject([
      { value: null, quality: "bad" },
      { value: 0, quality: "uncertain", reason: "warming up" },
    ]);
    expect(sgp30.decode(hex("123437"))).toMatchObject([{ quality: "bad" }, { quality: "bad" }]);
  });
});

describe("on a simulated bus", () => {
  const values = { co2: 900, tvoc: 250 };

  it("doubts what comes in the first 15 s, and what is not measured each second", async () => {
    const { read, pass } = rig(sgp30, sgp30Model, values);
    const seconds = async (count: number) => {
      for (let i = 0; i < count; i++) {
        await read();
        await pass(988);
      }
    };
    const first = { quality: "uncertain", reason: "warming up" };
    expect(await read()).toMatchObject([
      { ...first, value: 400 },
      { ...first, value: 0 },
    ]);
    await seconds(16);
    expect(await read()).toMatchObject([
      { sensor: "co2", value: 900, quality: "good" },
      { sensor: "tvoc", value: 250, quality: "good" },
    ]);
    await pass(9988);
    const reason = "measured 10.0 s after the time before: the part has to measure each second";
    expect(await read()).toMatchObject([{ value: 900, quality: "uncertain", reason }, { reason }]);
    await pass(988);
    expect(await read()).toMatchObject([{ quality: "good" }, { quality: "good" }]);
  });

  it("takes up a baseline and says it", async () => {
    const options = { baseline: "1234-5678", reportBaseline: true, humidity: 15.5 };
    const { read } = rig(sgp30, sgp30Model, values, { options });
    expect((await read())[2]).toMatchObject({ sensor: "baseline", value: "1234-5678", quality: "good" });
    expect(() => rig(sgp30, sgp30Model, values, { options: { baseline: "12-34" } })).toThrow(
      "a reading of the baseline",
    );
  });

  /** dbrgn/sgp30-rs, tests set_baseline and set_humidity: TVOC comes first when it is written. */
  it("tells the part in its words", async () => {
    const options = { baseline: "1234-5678", humidity: 15.5 };
    const { read, written } = rig(sgp30, sgp30Model, values, { options });
    await read();
    expect(written).toEqual(expect.arrayContaining(["201E56787D123437", "20610F8062"]));
  });

  it("begins anew after the part was away, and gives damaged bytes as bad", async () => {
    const { part, read, pass } = rig(sgp30, sgp30Model, values);
    await read();
    await pass(20_000);
    part.unplug();
    await expect(read()).rejects.toMatchObject({ name: "BusError", code: "nack" });
    part.plug();
    expect(await read()).toMatchObject([{ reason: "warming up" }, { reason: "warming up" }]);
    part.corruptNext();
    expect(await read()).toMatchObject([{ reason: "CRC error" }, { reason: "CRC error" }]);
  });

  it("keeps what the part has learnt over a disturbance of the bus", async () => {
    const { part, read, pass, written } = rig(sgp30, sgp30Model, values, { options: { reportBaseline: true } });
    await read();
    await pass(20_000);
    const baseline = (await read())[2];
    expect(baseline).toMatchObject({ sensor: "baseline", quality: "good" });
    part.refuseNext();
    await expect(read()).rejects.toMatchObject({ code: "nack" });
    expect((await read())[2]).toEqual(baseline);
    expect(written.filter((bytes) => bytes.startsWith("2003"))).toHaveLength(2);
  });

  it("refuses another part", async () => {
    // An SGPC3's product type is 1 (its datasheet, Get_feature_set_version).
    const other = i2cModel({ quantities: {}, create: () => ({ write: () => {}, read: () => hex("10051A") }) });
    await expect(rig(sgp30, other).read()).rejects.toThrow("expected product type 0, got 1");
  });
});
