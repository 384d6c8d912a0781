import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Arena, transpose } from "./kernel";

const size = fc.integer({ min: 1, max: 21 });

function filled(arena: Arena, values: readonly number[]): Float32Array {
  const array = arena.floats(values.length);
  array.set(values);
  return array;
}

describe("the product of two matrices", () => {
  it("equals the definition for all sizes, and writes nowhere else", () => {
    fc.assert(
      fc.property(size, size, size, fc.integer(), (m, n, k, seed) => {
        const arena = new Arena(4 * (m * k + k * n + m * n) + 64);
        // Whole numbers, whose products and sums single precision holds exactly.
        const value = (i: number): number => ((i * 7919 + (seed % 1000)) % 17) - 8;
        const a = filled(
          arena,
          Array.from({ length: m * k }, (_, i) => value(i)),
        );
        const b = filled(
          arena,
          Array.from({ length: k * n }, (_, i) => value(i + 3)),
        );
        const out = arena.floats(m * n);
        const after = filled(arena, [77, 77, 77, 77]);
        arena.multiply(a, b, out, m, n, k);
        for (let i = 0; i < m; i++) {
          for (let j = 0; j < n; j++) {
            let sum = 0;
            for (let p = 0; p < k; p++) sum += a[i * k + p]! * b[p * n + j]!;
            expect(out[i * n + j]).toBe(sum);
          }
        }
        expect(Array.from(after)).toEqual([77, 77, 77, 77]);
      }),
    );
  });

  it("refuses arrays that are too small, which it would read or write past", () => {
    const arena = new Arena(100);
    const [a, b, out] = [arena.floats(6), arena.floats(6), arena.floats(3)];
    expect(() => arena.multiply(a, b, out, 2, 2, 3)).toThrow(RangeError);
    expect(() => arena.multiply(a, b, out, 2, 1, 4)).toThrow(RangeError);
  });

  it("does not start with more memory than a gibibyte", () => {
    expect(() => new Arena(2 ** 29)).toThrow("at most 1 GiB");
  });
});

it("transposing turns rows into columns", () => {
  const out = new Float32Array(6);
  transpose(Float32Array.of(1, 2, 3, 4, 5, 6), out, 2, 3);
  expect(Array.from(out)).toEqual([1, 4, 2, 5, 3, 6]);
});
