import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { symmetricEigen } from "./index";

describe("eigenvalues of symmetric matrices", () => {
  it("are those of numpy.linalg.eigh", () => {
    // numpy 2.4.6: linalg.eigh of scipy.linalg.hilbert(4), descending.
    const hilbert = Float64Array.from({ length: 16 }, (_, k) => 1 / (Math.floor(k / 4) + (k % 4) + 1));
    const { values } = symmetricEigen(hilbert, 4);
    const expected = [1.5002142800592426, 0.16914122022145, 0.006738273605760619, 9.670230402260895e-5];
    expected.forEach((value, k) => {
      expect(values[k]).toBeCloseTo(value, 14);
    });
  });

  it("come with orthonormal vectors that give the matrix back", () => {
    const entries = fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { minLength: 36, maxLength: 36 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), entries, (n, numbers) => {
        const matrix = new Float64Array(n * n);
        for (let i = 0; i < n; i++)
          for (let j = 0; j <= i; j++) matrix[i * n + j] = matrix[j * n + i] = numbers[i * n + j]!;
        const { values, vectors } = symmetricEigen(matrix, n);
        const norm = Math.hypot(...matrix);
        for (let i = 0; i < n; i++) {
          for (let j = 0; j < n; j++) {
            const rebuilt = vectors.reduce((sum, vector, k) => sum + values[k]! * vector[i]! * vector[j]!, 0);
            expect(Math.abs(rebuilt - matrix[i * n + j]!)).toBeLessThanOrEqual(1e-12 * norm + 1e-290);
            const dot = vectors[i]!.reduce((sum, value, k) => sum + value * vectors[j]![k]!, 0);
            expect(dot).toBeCloseTo(i === j ? 1 : 0, 12);
          }
        }
      }),
    );
  });

  it("of a singular matrix are zero, not noise", () => {
    const { values } = symmetricEigen(Float64Array.from([1, 2, 2, 4]), 2);
    expect(values[0]).toBeCloseTo(5, 14);
    expect(Math.abs(values[1]!)).toBeLessThan(1e-15);
  });

  it("are refused where the matrix is none", () => {
    expect(() => symmetricEigen(new Float64Array(3), 2)).toThrow(/expected 2 x 2 numbers, got 3/);
    expect(() => symmetricEigen(Float64Array.of(1, 0, Number.NaN, 1), 2)).toThrow(/finite/);
  });
});
