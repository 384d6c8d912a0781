import { afterEach, describe, expect, it } from "vitest";
import { metricsOfNodes } from "../../../kit";
import type { NodeMessage } from "../../../kit/red";
import type { Reading } from "../../../lib/reading";
import { statusOf } from "../../../test/support/hooks";
import { messagesAt, nodeOf, startFlow, stopFlow, until } from "../../../test/support/red";
import bus from "../bus/bus";
import sensor from "./sensor";

afterEach(stopFlow);

async function run(config: Record<string, unknown> = {}, busConfig: Record<string, unknown> = {}) {
  await startFlow(
    [bus, sensor],
    [
      { id: "bus", type: "gatewise-bus", z: "", version: 1, kind: "i2c", connection: "simulated", ...busConfig },
      { id: "n", type: "gatewise-sensor", bus: "bus", driver: "sht31", wires: [["out"], ["blocks"]], ...config },
      { id: "out", type: "helper" },
      { id: "blocks", type: "helper" },
      { id: "catch", type: "catch", scope: ["n"], wires: [["caught"]] },
      { id: "caught", type: "helper" },
    ],
  );
  return { out: messagesAt("out"), blocks: messagesAt("blocks"), caught: messagesAt("caught") };
}

const readingsOf = (messages: readonly NodeMessage[]) => messages.flatMap(({ payload }) => payload as Reading[]);
const constant = (part: string, quantity: string, value: number) => ({ part, quantity, source: "constant", value });
const onBus = (driver: string, place = "") => ({ driver, place, options: "" });

describe("sensor", () => {
  it("reads at an interval, one reading a channel, calibrated", async () => {
    const { out } = await run(
      { interval: 0.05, deviceId: "room-1", calibration: [{ sensor: "temperature", gain: 2, offset: 0.5 }] },
      {
        parts: [onBus("sht31")],
        courses: [constant("sht31", "temperature", -12.5), constant("sht31", "humidity", 40)],
      },
    );
    await until(() => out.length >= 3, "three polls");
    expect(out[0]).toMatchObject({
      topic: "room-1",
      payload: [
        { deviceId: "room-1", sensor: "temperature", unit: "Cel", quality: "good", value: expect.closeTo(-24.5, 1) },
        { sensor: "humidity", unit: "%", value: expect.closeTo(40, 1) },
      ],
    });
    await until(() => /^-24\.\d+ Cel, 40(\.\d+)? %$/.test(statusOf("n")), "the status");
  });

  it("reads when a message arrives, which keeps its other properties", async () => {
    const { out } = await run({ trigger: "input", place: "0x45" });
    nodeOf("n").receive({ payload: "now", batch: 7 });
    await until(() => out.length === 1, "the reading");
    expect(out[0]).toMatchObject({ batch: 7, payload: [{ deviceId: "sht31-0x45" }, {}] });
    nodeOf("n").receive({ command: "read" });
    await until(() => out.length === 2, "the second");
    expect(out[1]).toMatchObject({ answers: "read" });
  });

  it("says bad, why, and once; and resumes by itself", async () => {
    const { out, caught } = await run(
      { interval: 0.02 },
      {
        everyPart: false,
        parts: [onBus("sht31")],
        faults: [{ part: "sht31", kind: "dropout", at: 0.3, duration: 0.4, every: 0 }],
      },
    );
    const last = () => readingsOf(out.slice(-1))[0];
    await until(() => last()?.quality === "good", "the first good reading");
    await until(() => last()?.quality === "bad", "the failure");
    expect(last()).toMatchObject({
      value: null,
      unit: "Cel",
      metadata: { reason: expect.stringContaining("no device") },
    });
    await until(() => statusOf("n").includes("no device"), "the status");
    await until(() => last()?.quality === "good", "the part is back");
    expect(caught.length).toBeLessThanOrEqual(2);
    expect(metricsOfNodes.of("n")?.counts["failed reads"]).toBeGreaterThan(5);
  });

  it("takes damaged bytes for what they are", async () => {
    const { out } = await run(
      { trigger: "input" },
      { parts: [onBus("sht31")], faults: [{ part: "sht31", kind: "corrupt", at: 0, duration: 60, every: 0 }] },
    );
    nodeOf("n").receive({});
    await until(() => out.length === 1, "the reading");
    expect(readingsOf(out)[0]).toMatchObject({ value: null, quality: "bad", metadata: { reason: expect.any(String) } });
    await until(() => statusOf("n").startsWith("temperature: "), "the status");
  });

  it("delivers blocks of samples with their figures", async () => {
    const { out, blocks } = await run(
      { driver: "adxl345", deliver: "blocks", interval: 0.1, options: '{"rate": "100"}' },
      { parts: [onBus("adxl345")], courses: [constant("adxl345", "acceleration.z", 9.8)] },
    );
    await until(() => blocks.some(({ payload }) => samplesIn(payload) > 0), "a block");
    await until(() => readingsOf(out).length > 0, "the figures");
    const names = readingsOf(out).map(({ sensor: name }) => name);
    expect(names).toEqual(expect.arrayContaining(["acceleration.z.mean", "acceleration.z.rms", "acceleration.z.peak"]));
    expect(blocks[0]?.payload).toMatchObject({ deviceId: "adxl345", rateHz: 100 });
  });

  it("says what a part says by itself", async () => {
    const { out } = await run({ driver: "pms5003", trigger: "spoken" }, { kind: "serial" });
    await until(() => out.length > 0, "a message of the part", 10_000);
    expect(readingsOf(out)[0]).toMatchObject({ deviceId: "pms5003", quality: expect.any(String) });
  });

  it("reads probes on a converter", async () => {
    const { out } = await run(
      {
        driver: "mcp3008",
        trigger: "input",
        probes: [{ input: "input0", kind: "soil", sensor: "", unit: "", points: "3 = 0, 1 = 100" }],
      },
      { kind: "spi", parts: [onBus("mcp3008")], courses: [constant("mcp3008", "input0", 2)] },
    );
    nodeOf("n").receive({});
    await until(() => out.length === 1, "the reading");
    expect(readingsOf(out)).toMatchObject([{ sensor: "moisture", unit: "%", value: expect.closeTo(50, 0) }]);
  });

  it("reads faster after two anomalies that come back by the input", async () => {
    const { out } = await run({ interval: 60, fastInterval: 0.05, adaptive: true, anomalies: "input" });
    await until(() => out.length === 1, "the first poll");
    const verdict = { ...readingsOf(out)[0], anomaly: { detector: "test", isAnomaly: true, score: 9 } };
    nodeOf("n").receive({ payload: [verdict] });
    nodeOf("n").receive({ payload: [verdict] });
    await until(() => out.length >= 4, "fast polls");
    await until(() => statusOf("n").includes("every 0.0"), "the status");
  });

  it("reads faster when a value is far from its mean", async () => {
    const { out } = await run(
      { interval: 0.1, fastInterval: 0.02, adaptive: true, threshold: 4 },
      {
        parts: [onBus("sht31")],
        courses: [{ ...constant("sht31", "temperature", 20), noise: 0.1 }],
        faults: [{ part: "sht31", kind: "step", quantity: "temperature", amount: 50, at: 1.6, duration: 60, every: 0 }],
      },
    );
    await until(() => statusOf("n").includes("; every 0"), "a fast interval", 10_000);
    expect(readingsOf(out.slice(-1))[0]!.value).toBeGreaterThan(60);
  });

  it.each([
    [{ driver: "sht99" }, {}, 'there is no driver "sht99"'],
    [{ driver: "pca9685" }, {}, "is an actuator, not a sensor"],
    [{ place: "0x99" }, {}, "expected an I2C address from 0x08 to 0x77"],
    [{ options: '{"speed": 1}' }, {}, 'the driver has no option "speed"'],
    [{ options: "[]" }, {}, "as an object"],
    [{}, { kind: "spi" }, "belongs on a bus of kind i2c, not spi"],
    [{ deliver: "blocks" }, {}, "no blocks of samples"],
    [{ trigger: "spoken" }, {}, "does not speak by itself"],
    [{ calibration: [{ sensor: "mass", gain: 1, offset: 0 }] }, {}, 'no channel "mass"'],
    [{ adaptive: true, fastInterval: 100 }, {}, "Fast interval: expected at most 60 s"],
    [{}, { parts: [onBus("sht99")] }, 'simulation: part 1 (sht99): there is no driver "sht99"'],
    [{}, { connection: "wire", i2cNumber: 250 }, "/dev/i2c-250: there is no such device; enable I2C"],
  ])("says what is wrong: %#", async (config, busConfig, reason) => {
    await run(config, busConfig);
    await until(() => statusOf("n").includes(reason.slice(0, 60)), reason);
  });
});

function samplesIn(payload: unknown): number {
  return (payload as { channels: { samples: Float64Array }[] }).channels[0]?.samples.length ?? 0;
}
