import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { backoffDelay } from "./backoff";

describe("backoffDelay", () => {
  const options = { baseMs: 1000, capMs: 60_000 };

  it("doubles from half to the whole of the base", () => {
    expect(backoffDelay(0, options, 0)).toBe(500);
    expect(backoffDelay(0, options, 0.5)).toBe(750);
    expect(backoffDelay(3, options, 0)).toBe(4000);
    expect(backoffDelay(3, options, 0.999999)).toBe(8000);
  });

  it("never exceeds the cap, never goes below half of what the attempt allows", () => {
    fc.assert(
      fc.property(
        fc.nat(1_000_000),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (attempt, random) => {
          const delay = backoffDelay(attempt, options, random);
          const ceiling = Math.min(60_000, 1000 * 2 ** Math.min(attempt, 30));
          expect(delay).toBeLessThanOrEqual(ceiling);
          expect(delay).toBeGreaterThanOrEqual(ceiling / 2);
          expect(Number.isInteger(delay)).toBe(true);
        },
      ),
    );
  });
});
