import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { metricsOfNodes } from "../../../kit";
import type { NodeMessage } from "../../../kit/red";
import type { DrawnSpectrum } from "../../../lib/features";
import { sine } from "../../../lib/features/test-signals";
import type { Reading } from "../../../lib/reading";
import { shownBy, warningsOf } from "../../../test/support/hooks";
import { missingData } from "../../../test/support/needs";
import { messagesAt, nodeOf, startFlow, stopFlow, until } from "../../../test/support/red";
import { reading } from "../../../test/support/series";
import store from "../../storage/store/store";
import features from "./features";

afterEach(stopFlow);

interface Flow {
  readonly out: NodeMessage[];
  readonly spectra: NodeMessage[];
  readonly caught: NodeMessage[];
}

async function run(config: Record<string, unknown>, file?: string): Promise<Flow> {
  await startFlow(
    [features, store],
    [
      ...(file ? [{ id: "store", type: "gatewise-store", z: "", file }] : []),
      { id: "n", type: "gatewise-features", version: 1, wires: [["out"], ["spectra"]], ...config },
      { id: "out", type: "helper" },
      { id: "spectra", type: "helper" },
      { id: "catch", type: "catch", scope: ["n"], wires: [["caught"]] },
      { id: "caught", type: "helper" },
    ],
  );
  return { out: messagesAt("out"), spectra: messagesAt("spectra"), caught: messagesAt("caught") };
}

const RATE = 4096;
const block = (over: Record<string, unknown> = {}) => ({
  deviceId: "pump-1",
  sensor: "vibration",
  unit: "m/s2",
  rateHz: RATE,
  timestamp: 10_000,
  samples: sine(RATE, RATE, 160, 2),
  ...over,
});
const readingsIn = (msg: NodeMessage | undefined): Reading[] => (msg?.payload ?? []) as Reading[];
const valuesOf = (msg: NodeMessage | undefined): Record<string, unknown> =>
  Object.fromEntries(readingsIn(msg).map(({ sensor, value }) => [sensor, value]));
const reasonOf = (msg: NodeMessage | undefined): string =>
  (msg?.error as { message: string } | undefined)?.message ?? "";
/** Readings of a 50 Hz sine, one a millisecond. */
const samplesOf = (count: number, start = 0): Reading[] =>
  Array.from({ length: count }, (_, i) =>
    reading(Math.sin((2 * Math.PI * 50 * (start + i)) / 1000), 1000 + start + i, { sensor: "current", unit: "A" }),
  );

describe("features", () => {
  it("is yellow and counts what it leaves out when there is no room for more series", async () => {
    // 256 series have room whose windows take a megabyte.
    await run({ source: "count", size: 65_536, rate: 1000 });
    const of = (count: number, over: Partial<Reading>) =>
      Array.from({ length: count }, (_, i) => ({ ...(samplesOf(1)[0] as Reading), deviceId: `d${i}`, ...over }));
    nodeOf("n").receive({ payload: [...of(260, {}), ...of(256, { timestamp: 1002 })] });
    await until(() => shownBy("n").fill === "yellow", "the yellow status");
    expect(shownBy("n").text).toContain("room for 256 series, 4 more left out");
    expect(metricsOfNodes.of("n")?.counts).toMatchObject({ "readings without room": 4 });
    expect(warningsOf("n")).toEqual([expect.stringContaining("all the series are in use")]);
  });

  it("gives the figures of a block, dated at its end, with their units", async () => {
    const { out } = await run({ features: ["rms", "crest", "velocity", "fftPeakFrequency"] });
    nodeOf("n").receive({ payload: block(), topic: "kept" });
    await until(() => out.length === 1, "the figures");
    expect(out[0]?.topic).toBe("kept");
    expect(out[0]?.payload).toEqual([
      expect.objectContaining({
        deviceId: "pump-1",
        sensor: "vibration.rms",
        value: expect.closeTo(Math.SQRT2, 6),
        unit: "m/s2",
        timestamp: 10_000,
        quality: "good",
      }),
      expect.objectContaining({ sensor: "vibration.crest", value: expect.closeTo(Math.SQRT2, 2), unit: "1" }),
      expect.objectContaining({ sensor: "vibration.velocity", value: expect.closeTo(1.4067, 3), unit: "mm/s" }),
      expect.objectContaining({ sensor: "vibration.fftPeakFrequency", value: expect.closeTo(160, 6), unit: "Hz" }),
    ]);
    expect(metricsOfNodes.of("n")).toMatchObject({ in: 1, out: 4, counts: { blocks: 1 } });
  });

  it("joins the blocks of a sensor node to longer ones, and begins anew after a gap", async () => {
    const { out, caught } = await run({ source: "count", size: 512, overlap: 0, features: ["rms", "peak"] });
    const part = (i: number, over = {}) => ({
      deviceId: "pump-1",
      rateHz: RATE,
      timestamp: 10_000 + ((i + 1) * 128 * 1000) / RATE,
      overrun: false,
      channels: [
        { sensor: "vibration", unit: "m/s2", samples: sine(RATE, RATE, 160, 2).slice(i * 128, (i + 1) * 128) },
      ],
      ...over,
    });
    for (let i = 0; i < 4; i++) nodeOf("n").receive({ payload: part(i) });
    await until(() => out.length === 1, "a block");
    expect(valuesOf(out[0])["vibration.rms"]).toBeCloseTo(Math.SQRT2, 3);
    for (let i = 4; i < 11; i++) nodeOf("n").receive({ payload: part(i, { overrun: i === 6 }) });
    await until(() => out.length === 2 && caught.length === 1, "another block and the gap");
    expect(reasonOf(caught[0])).toContain("samples before it are lost: a window of 512 was begun anew after 512");
  });

  it("takes all readings of a series in one message for a block, each series by itself", async () => {
    const { out, caught } = await run({ features: ["rms", "fftPeakFrequency"] });
    const other = samplesOf(500).map((item) => ({ ...item, deviceId: "d2" }));
    nodeOf("n").receive({ payload: [...samplesOf(500), ...other, reading(1)] });
    await until(() => out.length === 1 && caught.length === 1, "both");
    expect(readingsIn(out[0]).map(({ deviceId, sensor }) => `${deviceId}/${sensor}`)).toEqual([
      "d1/current.rms",
      "d1/current.fftPeakFrequency",
      "d2/current.rms",
      "d2/current.fftPeakFrequency",
    ]);
    expect(valuesOf(out[0])["current.fftPeakFrequency"]).toBeCloseTo(50, 3);
    expect(reasonOf(caught[0])).toContain("d1/temperature: expected a block of at least 8 samples in a message, got 1");
  });

  it("counts blocks out of readings that stream, with overlap", async () => {
    const { out } = await run({ source: "count", size: 200, overlap: 50, features: ["rms"] });
    for (let i = 0; i < 500; i += 50) nodeOf("n").receive({ payload: samplesOf(50, i) });
    await until(() => out.length === 4, "four blocks");
    for (const msg of out) expect(valuesOf(msg)["current.rms"]).toBeCloseTo(Math.SQRT1_2, 6);
    expect(readingsIn(out.at(-1))[0]?.timestamp).toBe(1499);
  });

  it("refuses texts and gaps, counts bad readings, and goes on", async () => {
    const { out, caught } = await run({ source: "count", size: 100, overlap: 0, features: ["rms"] });
    const stream = samplesOf(300);
    const holed = stream.map((item, i) => (i === 20 ? { ...item, value: null, quality: "bad" as const } : item));
    nodeOf("n").receive({ payload: [...holed.slice(0, 150), { ...stream[150], value: "on" }, ...holed.slice(160)] });
    await until(() => out.length === 1 && caught.length === 1, "the blocks and the refusal");
    const [first, second] = readingsIn(out[0]);
    expect([first?.quality, second?.quality]).toEqual(["uncertain", "good"]);
    expect(reasonOf(caught[0])).toContain('2 of 291 refused: d1/current: expected a number, got "on"; and 1 more');
    expect(metricsOfNodes.of("n")).toMatchObject({ refused: 2, counts: { bad: 1, blocks: 2 } });
  });

  it("tells orders by the speed of the same device, and says when it is not known", async () => {
    const { out, caught } = await run({ features: [], orders: "1, 2", speedFrom: "sensor", speedSensor: "speed" });
    const twice = block({
      samples: sine(RATE, RATE, 25, 3).map((x, n) => x + Math.sin((2 * Math.PI * 50 * n) / RATE)),
    });
    nodeOf("n").receive({ payload: twice });
    await until(() => caught.length === 1, "the refusal");
    expect(reasonOf(caught[0])).toContain("pump-1/vibration: orders and bearings: the shaft's speed is not known");
    const speed = { ...reading(25, 9_500, { sensor: "speed", unit: "Hz" }), deviceId: "pump-1" };
    nodeOf("n").receive({ payload: [speed] });
    nodeOf("n").receive({ payload: twice });
    await until(() => out.length === 1, "the orders");
    expect(valuesOf(out[0])["vibration.order1"]).toBeCloseTo(3, 2);
    expect(valuesOf(out[0])["vibration.order2"]).toBeCloseTo(1, 2);
    nodeOf("n").receive({ payload: [{ ...speed, unit: "Cel" }] });
    nodeOf("n").receive({ payload: block({ timestamp: 200_000 }) });
    await until(() => caught.length === 3, "the unit, and a speed that is too old");
    expect(reasonOf(caught[1])).toContain("expected a speed in /min");
  });

  it("takes a tacho that is sampled with the vibration", async () => {
    const { out } = await run({ features: [], orders: "1", speedFrom: "sensor", speedSensor: "tacho", pulses: 1 });
    const turns = (n: number): number => 20 * (n / RATE) + 5 * (n / RATE) ** 2;
    const samples = Float64Array.from({ length: RATE }, (_, n) => 2 * Math.sin(2 * Math.PI * turns(n)));
    const tacho = Float64Array.from({ length: RATE }, (_, n) => (turns(n) % 1 < 0.1 ? 5 : 0));
    const channels = [
      { sensor: "vibration", unit: "[g]", samples },
      { sensor: "tacho", unit: "V", samples: tacho },
    ];
    nodeOf("n").receive({ payload: { deviceId: "pump-1", rateHz: RATE, timestamp: 10_000, channels } });
    await until(() => out.length === 1, "the order");
    expect(valuesOf(out[0])).toEqual({ "vibration.order1": expect.closeTo(2, 1) });
  });

  it("gives spectra to draw by the second output", async () => {
    const { out, spectra } = await run({ features: ["fftPeak"], spectra: true });
    nodeOf("n").receive({ payload: block() });
    await until(() => out.length === 1 && spectra.length === 1, "both");
    const [drawn] = (spectra[0]?.payload ?? []) as DrawnSpectrum[];
    expect(drawn).toMatchObject({ deviceId: "pump-1", sensor: "vibration", kind: "spectrum", step: 1, stepUnit: "Hz" });
    expect(drawn?.amplitudes[160]).toBeCloseTo(2, 9);
  });

  it("looks only at the sensors it is told", async () => {
    const { out } = await run({ sensors: "current", features: ["rms"] });
    nodeOf("n").receive({ payload: [reading(1), ...samplesOf(100)] });
    nodeOf("n").receive({ payload: [block(), block({ sensor: "current" })] });
    await until(() => out.length === 2, "two messages");
    expect(out.map((msg) => Object.keys(valuesOf(msg)))).toEqual([["current.rms"], ["current.rms"]]);
  });

  it("analyses long blocks in a thread, and keeps the order of messages", async () => {
    const config = { features: ["rms", "fftPeakFrequency"], bearings: [{ kind: "SKF 6205", name: "" }] };
    const { out } = await run({ ...config, speedFrom: "fixed", rpm: 1797 });
    const long = (timestamp: number) => block({ timestamp, rateHz: 12_000, samples: sine(24_000, 12_000, 160, 2) });
    const short = (timestamp: number) => block({ timestamp, samples: sine(256, RATE, 160, 2) });
    for (const one of [long(1000), short(2000), long(3000), short(4000)]) nodeOf("n").receive({ payload: one });
    // The short one has its figures and waits for the long one before it.
    await until(() => metricsOfNodes.of("n")?.gauges["blocks waiting"] === 2, "both long ones in the thread");
    expect(out).toHaveLength(0);
    await until(() => out.length === 4, "all");
    expect(out.map((msg) => readingsIn(msg)[0]?.timestamp)).toEqual([1000, 2000, 3000, 4000]);
    expect(valuesOf(out[0])["vibration.fftPeakFrequency"]).toBeCloseTo(160, 3);
    expect(valuesOf(out[0])["vibration.bpfo"]).toBeDefined();
    expect(metricsOfNodes.of("n")).toMatchObject({ counts: { blocks: 4 }, gauges: { "blocks waiting": 0 } });
  });

  it("tells the figures of long blocks that are in work when it closes", async () => {
    const { out } = await run({ features: ["rms", "centroid"] });
    for (let i = 1; i <= 3; i++) {
      nodeOf("n").receive({ payload: block({ timestamp: i, samples: sine(100_000, RATE, 160, 2) }) });
    }
    await until(() => metricsOfNodes.of("n")?.gauges["blocks waiting"] === 3, "the blocks");
    await (nodeOf("n") as unknown as { close(removed: boolean): Promise<void> }).close(false);
    expect(out.map((msg) => readingsIn(msg)[0]?.timestamp)).toEqual([1, 2, 3]);
  });

  it("continues a block that had begun after a restart", async () => {
    const directory = mkdtempSync(join(tmpdir(), "gatewise-features-"));
    try {
      const config = { source: "count", size: 100, overlap: 0, features: ["rms"], store: "store" };
      const file = join(directory, "test.db");
      await run(config, file);
      nodeOf("n").receive({ payload: samplesOf(60) });
      await until(() => metricsOfNodes.of("n")?.in === 60, "the samples");
      await stopFlow();
      const { out } = await run(config, file);
      nodeOf("n").receive({ payload: samplesOf(40, 60) });
      await until(() => out.length === 1, "the block");
      expect(valuesOf(out[0])["current.rms"]).toBeCloseTo(Math.SQRT1_2, 6);
    } finally {
      await stopFlow();
      rmSync(directory, { recursive: true, force: true });
    }
  });

  it("reset forgets what has begun", async () => {
    const { out } = await run({ source: "count", size: 100, overlap: 0, features: ["rms"] });
    nodeOf("n").receive({ payload: samplesOf(99) });
    nodeOf("n").receive({ command: "reset", payload: "d1" });
    nodeOf("n").receive({ payload: samplesOf(100, 99) });
    await until(() => out.length === 1, "one block");
    expect(readingsIn(out[0])[0]?.timestamp).toBe(1198);
  });

  const BAND = { name: "low", low: 10, high: 20 };
  it.each([
    [{ features: [] }, "features: expected at least one feature, band, order or bearing"],
    [{ orders: "abc" }, 'orders: expected a number from 0.1 to 1000, got "abc"'],
    [{ orders: "1, 0" }, 'orders: expected a number from 0.1 to 1000, got "0"'],
    [{ orders: "1, 2, 1.0" }, 'orders: expected each once, got "1.0" twice'],
    [{ bands: [{ name: "a", low: 10, high: 5 }] }, "bands[0].high: expected more than 10, got 5"],
    [{ bands: [BAND, BAND] }, 'bands[1].name: expected another one than in row 1, got "low"'],
    [
      { bearings: [{ kind: "SKF 6205" }, { kind: "SKF 6203" }] },
      'bearings[1].name: expected another one than in row 1, got ""',
    ],
    [{ features: ["rms"], bands: [{ ...BAND, name: "rms" }] }, 'bands: expected different names, got "rms" twice'],
    [
      { bearings: [{ kind: "geometry", rollers: 9, rollerDiameter: 50, pitchDiameter: 39 }] },
      "rollerDiameter: expected less than the pitch diameter 39, got 50",
    ],
    [
      { bearings: [{ kind: "ratios", name: "fan end", bpfo: 0, bpfi: 1, bsf: 1, ftf: 1 }] },
      "Bearings: expected ratios above 0 for fan end",
    ],
  ])("is red when it cannot work as configured: %j", async (config, reason) => {
    const { caught } = await run(config);
    nodeOf("n").receive({ payload: block() });
    await until(() => caught.some((msg) => msg.payload !== undefined), "the refusal");
    expect(reasonOf(caught.at(-1))).toContain(reason);
  });

  const recording = resolve(__dirname, "../../../../shared/data/cwru/ir007_1797.csv.gz");
  it.skipIf(missingData(recording))("finds the fault of the inner race in a public recording", async () => {
    const { out } = await run({ bearings: [{ kind: "SKF 6205", name: "" }], speedFrom: "fixed", rpm: 1797 });
    const lines = gunzipSync(readFileSync(recording)).toString().trim().split("\n").slice(1);
    nodeOf("n").receive({ payload: block({ unit: "[g]", rateHz: 12_000, samples: lines.map(Number) }) });
    await until(() => out.length === 1, "the figures");
    const figures = valuesOf(out[0]) as Record<string, number>;
    expect(figures["vibration.kurtosis"]).toBeCloseTo(5.3803, 3);
    expect(figures["vibration.bpfiProminence"]).toBeGreaterThan(5);
    for (const fault of ["bpfo", "bsf", "ftf"]) {
      expect(figures[`vibration.${fault}Prominence`]).toBeLessThan((figures["vibration.bpfiProminence"] as number) / 2);
    }
  });
});
