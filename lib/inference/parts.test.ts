import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkGolden, goldenInputs, recordGolden } from "./golden";
import { RecentLatency } from "./latency";
import { checkInputs, dataOf, isBatched, numbersOf, ownMemory, samplesFrom, stacked, type Tensors } from "./tensor";

const floats = (name: string, shape: readonly number[], values: readonly number[]): Tensors =>
  new Map([[name, { type: "float32", shape, data: Float32Array.from(values) }]]);

describe("tensors", () => {
  it("are the same after being put together and taken apart", () => {
    const request = fc.record({ count: fc.integer({ min: 1, max: 5 }), seed: fc.integer() }).map(({ count, seed }) =>
      floats(
        "x",
        [count, 3],
        Array.from({ length: count * 3 }, (_, i) => (seed % 1000) + i),
      ),
    );
    fc.assert(
      fc.property(fc.array(request, { minLength: 1, maxLength: 8 }), (requests) => {
        const whole = stacked(requests);
        let start = 0;
        for (const one of requests) {
          const count = one.get("x")!.shape[0]!;
          expect(ownMemory(samplesFrom(whole, start, count))).toEqual(one);
          start += count;
        }
        expect(checkInputs(whole, [{ name: "x", shape: [-1, 3], type: "float32" }])).toBe(start);
      }),
    );
  });

  it("put texts together too", () => {
    const texts = (...data: string[]): Tensors => new Map([["t", { type: "string", shape: [data.length], data }]]);
    expect(stacked([texts("a"), texts("b", "c")])).toEqual(texts("a", "b", "c"));
  });

  it("refuse what their type cannot hold, saying where", () => {
    expect(() => dataOf("x", "uint8", [0, 255, 256])).toThrow("x[2]: expected a whole number from 0 to 255, got 256");
    expect(() => dataOf("x", "int8", [1.5])).toThrow("x[0]: expected a whole number from -128 to 127, got 1.5");
    expect(() => dataOf("x", "int32", [Number.NaN])).toThrow("got NaN");
    expect(() => dataOf("x", "string", [1])).toThrow("expected texts");
    expect(numbersOf(dataOf("x", "int64", [-1, 2 ** 40]))).toEqual(Float64Array.of(-1, 2 ** 40));
  });

  it("carry only their own part of a larger memory to another thread", () => {
    const large = new Float32Array(1000);
    const part = ownMemory(new Map([["x", { type: "float32", shape: [2], data: large.subarray(3, 5) }]]));
    expect((part.get("x")!.data as Float32Array).buffer.byteLength).toBe(8);
  });

  it("count samples only where the first dimension does", () => {
    expect(isBatched([{ name: "x", shape: [-1, 2], type: "float32" }])).toBe(true);
    expect(isBatched([{ name: "x", shape: [4, 2], type: "float32" }])).toBe(false);
    expect(isBatched([{ name: "x", shape: [], type: "float32" }])).toBe(false);
    const fixed = [{ name: "x", shape: [4, 2], type: "float32" as const }];
    expect(checkInputs(floats("x", [4, 2], new Array(8).fill(0)), fixed)).toBe(1);
    expect(() => checkInputs(floats("x", [8, 2], new Array(16).fill(0)), fixed)).toThrow("expected shape [4, 2]");
  });
});

describe("known answers", () => {
  const inputs = [{ name: "x", shape: [-1, 2], type: "float32" as const }];
  const doubled = async (given: Tensors): Promise<Tensors> =>
    floats(
      "y",
      [1, 2],
      Array.from(numbersOf(given.get("x")!.data), (value) => 2 * value),
    );

  it("are recorded and found again; a difference is told", async () => {
    const cases = await recordGolden(inputs, doubled);
    expect(cases).toHaveLength(2);
    await checkGolden({ inputs, golden: { cases, eps: 1e-6 } }, doubled);
    const other = async (given: Tensors) =>
      floats(
        "y",
        [1, 2],
        [...numbersOf((await doubled(given)).get("y")!.data)].map((y) => y + 1e-3),
      );
    await expect(checkGolden({ inputs, golden: { cases, eps: 1e-6 } }, other)).rejects.toThrow(
      /golden case 1, output "y", value 1/,
    );
    await checkGolden({ inputs, golden: { cases, eps: 1e-2 } }, other);
    const lost = async () => floats("z", [1, 2], [0, 0]);
    await expect(checkGolden({ inputs, golden: { cases, eps: 1 } }, lost)).rejects.toThrow('no output "y"');
    const notANumber = async () => floats("y", [1, 2], [Number.NaN, 0]);
    await expect(checkGolden({ inputs, golden: { cases, eps: 1e9 } }, notANumber)).rejects.toThrow("got NaN");
  });

  it("fill the first free dimension, and must fill it whole", () => {
    const open = [{ name: "x", shape: [-1, 2, -1], type: "float32" as const }];
    expect(goldenInputs(open, { x: [1, 2, 3, 4, 5, 6] }).get("x")!.shape).toEqual([3, 2, 1]);
    expect(() => goldenInputs(open, { x: [1, 2, 3] })).toThrow('3 values do not fill "x" of shape [-1, 2, -1]');
    expect(() => goldenInputs(open, {})).toThrow('the input "x" is missing');
  });
});

describe("latency", () => {
  it("tells percentiles to 3 %", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.002, max: 1e5, noNaN: true }), { minLength: 1, maxLength: 200 }),
        (times) => {
          const latency = new RecentLatency(() => 0);
          for (const time of times) latency.record(time);
          const sorted = times.toSorted((a, b) => a - b);
          const { p50, p99 } = latency.percentiles()!;
          for (const [got, share] of [
            [p50, 0.5],
            [p99, 0.99],
          ] as const) {
            const exact = sorted[Math.ceil(share * sorted.length) - 1]!;
            expect(Math.abs(got / exact - 1)).toBeLessThan(0.03);
          }
        },
      ),
    );
  });

  it("forgets what is older than two minutes", () => {
    let now = 0;
    const latency = new RecentLatency(() => now);
    latency.record(1);
    now = 61_000;
    latency.record(100);
    expect(latency.percentiles()!.p50).toBeLessThan(2);
    now = 130_000;
    expect(latency.percentiles()!.p50).toBeGreaterThan(90);
    now = 1_000_000;
    expect(latency.percentiles()).toBeUndefined();
  });
});
