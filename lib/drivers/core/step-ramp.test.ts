import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { StepRamp } from "./step-ramp";

/** Takes all steps and returns when each was taken, s. */
function run(ramp: StepRamp, onStep: (ramp: StepRamp, count: number) => void = () => {}): number[] {
  const times: number[] = [];
  let time = 0;
  for (let step = ramp.next(); step; step = ramp.next()) {
    time += step.seconds;
    ramp.take(step);
    times.push(time);
    onStep(ramp, times.length);
  }
  return times;
}

describe("a ramp", () => {
  /** Equations of motion: t = d / v + v / a with full speed on the way, t = 2 sqrt(d / a) without; v = 100, a = 200. */
  it.each([
    [1000, 10.5],
    [-1000, 10.5],
    [50, 1],
    [32, 0.8],
    [8, 0.4],
    [2, 0.2],
    [1, 2 / Math.sqrt(200)],
  ])("of %d steps takes %d s", (steps, seconds) => {
    const ramp = new StepRamp(100, 200);
    ramp.target = steps;
    const times = run(ramp);
    expect(ramp.position).toBe(steps);
    expect(times).toHaveLength(Math.abs(steps));
    expect(times.at(-1)).toBeCloseTo(seconds, 9);
  });

  /** s = a t^2 / 2: step n of the way up is at sqrt(2 n / a). */
  it("has its first steps where uniform acceleration has them", () => {
    const ramp = new StepRamp(100, 200);
    ramp.target = 1000;
    const times = run(ramp);
    for (const n of [1, 4, 9, 16, 25]) expect(times[n - 1]).toBeCloseTo(Math.sqrt(n) / 10, 9);
    expect(times[30]! - times[29]!).toBeCloseTo(0.01, 9);
  });

  it("stops within the steps that it needs, and goes on from there", () => {
    const ramp = new StepRamp(100, 200);
    ramp.target = 1000;
    run(ramp, (one, count) => {
      if (count === 500) one.stop();
    });
    expect(ramp.position).toBe(525);
    ramp.target = 0;
    run(ramp);
    expect(ramp.position).toBe(0);
  });

  const plan = fc.record({
    speed: fc.double({ min: 1, max: 1000, noNaN: true }),
    acceleration: fc.double({ min: 1, max: 1e5, noNaN: true }),
    first: fc.integer({ min: -300, max: 300 }),
    changes: fc.array(fc.record({ after: fc.nat(400), target: fc.integer({ min: -300, max: 300 }) }), { maxLength: 4 }),
  });

  it("ends at the last target, never faster and never harder than allowed, whatever changes on the way", () => {
    fc.assert(
      fc.property(plan, ({ speed, acceleration, first, changes }) => {
        const ramp = new StepRamp(speed, acceleration);
        ramp.target = first;
        let wanted = first;
        const speedAt = (level: number) => Math.min(speed, Math.sqrt(2 * acceleration * level));
        let level = 0;
        let taken = 0;
        for (let step = ramp.next(); step; step = ramp.next()) {
          expect(step.seconds).toBeGreaterThanOrEqual((1 - 1e-9) / speed);
          const change = Math.abs(speedAt(step.level) - speedAt(level)) / step.seconds;
          expect(change).toBeLessThanOrEqual(acceleration * (1 + 1e-9));
          level = step.level;
          ramp.take(step);
          taken += 1;
          for (const one of changes) {
            if (one.after !== taken) continue;
            ramp.target = one.target;
            wanted = one.target;
          }
        }
        expect(ramp.position).toBe(wanted);
        expect(level).toBe(0);
      }),
    );
  });

  it("needs a speed and an acceleration", () => {
    expect(() => new StepRamp(0, 1)).toThrow(RangeError);
    expect(() => new StepRamp(1, Number.NaN)).toThrow(RangeError);
  });
});
