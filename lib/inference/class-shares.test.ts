import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { softmax } from "../numeric/softmax";
import { classShares } from "./class-shares";
import type { Tensor, TensorData } from "./tensor";

const tensor = (type: Tensor["type"], data: TensorData): Tensor => ({ type, shape: [1, data.length], data });
const logits = (most: number) =>
  fc
    .array(fc.double({ min: -8, max: 8, noNaN: true }), { minLength: 2, maxLength: most })
    .map((all) => softmax(Float64Array.from(all)));

describe("probabilities of classes", () => {
  it("that are probabilities stay as they are, in every precision that models answer in", () => {
    fc.assert(
      fc.property(logits(1000), (shares) => {
        expect(classShares(tensor("float64", shares))).toEqual(shares);
        const single = Float32Array.from(shares);
        expect(classShares(tensor("float32", single))).toEqual(Float64Array.from(single));
        // bfloat16: eight bits of mantissa.
        const half = Float32Array.from(shares, (share) => Number(share.toPrecision(3)));
        expect(classShares(tensor("float32", half))).toEqual(Float64Array.from(half));
        // Rounded to 256ths, as an 8-bit model does, which cannot say 1.
        const rounded = Float32Array.from(shares, (share) => Math.min(255, Math.round(256 * share)) / 256);
        const lost = 1 - rounded.reduce((sum, share) => sum + share, 0);
        fc.pre(Math.abs(lost) <= 0.5);
        expect(classShares(tensor("float32", rounded))).toEqual(Float64Array.from(rounded));
      }),
    );
  });

  it("of 8-bit integers are 256ths: int8 from -128, uint8 from 0", () => {
    // TensorFlow Lite, 8-bit quantisation specification: SOFTMAX has scale 1/256 and zero point -128.
    expect(classShares(tensor("int8", Int8Array.of(64, -64, -128)))).toEqual(Float64Array.of(0.75, 0.25, 0));
    expect(classShares(tensor("int8", Int8Array.of(127, -128)))).toEqual(Float64Array.of(255 / 256, 0));
    expect(classShares(tensor("uint8", Uint8Array.of(64, 191)))).toEqual(Float64Array.of(0.25, 191 / 256));
    fc.assert(
      fc.property(logits(50), (shares) => {
        const bits = Int8Array.from(shares, (share) => Math.min(127, Math.round(256 * share) - 128));
        const found = classShares(tensor("int8", bits)) as Float64Array;
        for (const [i, share] of shares.entries()) expect(Math.abs((found[i] as number) - share)).toBeLessThan(1 / 200);
      }),
    );
  });

  it("of logits are their softmax", () => {
    // scipy 1.17: special.softmax([1, 2, 3])
    const [a, b, c] = classShares(tensor("float32", Float32Array.of(1, 2, 3))) as Float64Array;
    expect([a, b, c]).toEqual([
      expect.closeTo(0.09003057, 8),
      expect.closeTo(0.24472847, 8),
      expect.closeTo(0.66524096, 8),
    ]);
    // Near 1 in their sum, and yet further than rounding can bring two shares.
    expect(classShares(tensor("float32", Float32Array.of(0.5, 0.51)))?.[0]).toBeCloseTo(0.4975, 4);
    expect(classShares(tensor("float32", Float32Array.of(1.5, -0.5)))?.[0]).toBeCloseTo(0.8808, 4);
    expect(classShares(tensor("float32", new Float32Array(1000)))?.[0]).toBeCloseTo(0.001, 9);
  });

  it("of 8-bit logits cannot be told", () => {
    expect(classShares(tensor("int8", Int8Array.of(20, 90, -3)))).toBeUndefined();
    expect(classShares(tensor("uint8", Uint8Array.of(200, 190)))).toBeUndefined();
  });
});
