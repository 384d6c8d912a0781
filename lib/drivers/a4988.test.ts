import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { recordedBus } from "../../test/support/recorded-bus";
import { BusError, VirtualClock } from "../bus";
import { SimulatedBus } from "../bus/simulated";
import { a4988 } from "./a4988";
import { relay } from "./relay";

const LINES = { stepLine: 1, directionLine: 2, enableLine: 3 };

function bench(options: Record<string, unknown> = {}) {
  const clock = new VirtualClock();
  const bus = new SimulatedBus("gpio", clock);
  const { log, times, shared } = recordedBus(bus);
  const session = a4988.connect(shared, { options: { ...LINES, ...options } });
  /** Where the driver board has moved the motor, from STEP's rising edges and DIR's level at each (figure 1). */
  const moved = () => {
    let position = 0;
    let direction = 0;
    let level = "0";
    for (const entry of log) {
      if (entry.startsWith("2=")) direction = entry === "2=1" ? 1 : -1;
      if (!entry.startsWith("1=")) continue;
      if (level === "0" && entry === "1=1") position += direction;
      level = entry.slice(2);
    }
    return position;
  };
  const stepTimes = () => times.filter((_, index) => log[index] === "1=1");
  return { clock, bus, log, shared, session, moved, stepTimes };
}

describe("step and direction", () => {
  it("enables, steps, and lets go", async () => {
    const { clock, log, session } = bench({ speed: 1.8, acceleration: 1000 });
    await clock.run(session.set("position", -3.6));
    expect(log).toEqual(["3=0", "1=0", "2=0", "1=1", "1=0", "1=1", "1=0", "3=1"]);
  });

  it("stays enabled where it is to hold, and has no line where none is connected", async () => {
    const held = bench({ hold: true });
    await held.clock.run(held.session.set("position", 1.8));
    expect(held.log.at(-1)).toBe("1=0");
    const bare = bench({ enableLine: -1 });
    await bare.clock.run(bare.session.set("position", 1.8));
    expect(bare.log.some((entry) => entry.startsWith("3"))).toBe(false);
  });

  /** Equations of motion: 180 deg at 180 deg/s and 360 deg/s2 take d / v + v / a = 1.5 s; 100 full steps. */
  it("takes the time of its ramp", async () => {
    const { clock, session, moved, stepTimes } = bench();
    await clock.run(session.set("position", 180));
    expect(moved()).toBe(100);
    expect(clock.now()).toBeCloseTo(1500, 6);
    const gaps = stepTimes()
      .slice(1)
      .map((time, index) => time - stepTimes()[index]!);
    expect(Math.min(...gaps)).toBeCloseTo(10, 6);
  });

  it("goes to the last of the positions, however they overtake one another", async () => {
    const moves = fc.array(
      fc.record({ to: fc.integer({ min: -90, max: 90 }), wait: fc.integer({ min: 0, max: 800 }) }),
      { minLength: 1, maxLength: 6 },
    );
    const microsteps = fc.constantFrom("1", "4");
    await fc.assert(
      fc.asyncProperty(moves, microsteps, fc.constantFrom("high", "low"), async (plan, micro, forward) => {
        const { clock, session, moved } = bench({ microsteps: micro, forward });
        const sets: Promise<void>[] = [];
        for (const { to, wait } of plan) {
          sets.push(session.set("position", to));
          await clock.advance(wait);
        }
        await clock.run(Promise.all(sets));
        const steps = Math.round((plan.at(-1)!.to * 200 * Number(micro)) / 360);
        expect(moved() + 0).toBe((forward === "high" ? steps : -steps) + 0);
      }),
      { numRuns: 40 },
    );
  });

  it("moves on to a position that comes just when it lets go", async () => {
    const { clock, session, shared, moved } = bench();
    const first = session.set("position", 1.8);
    const other = shared.hold((grip) => grip.wait(5));
    await clock.advance(0);
    let second: Promise<void> | undefined;
    const late = shared.hold(async () => {
      second = session.set("position", 3.6);
    });
    await clock.run(Promise.all([first, other, late]));
    await clock.run(second!);
    expect(moved()).toBe(2);
  });

  it("lets others switch while it moves", async () => {
    const { clock, log, shared, session } = bench();
    const moving = session.set("position", 360);
    await clock.advance(500);
    await relay.connect(shared, { options: { line: 9 } }).set("relay", true);
    expect(clock.now()).toBe(500);
    expect(log.at(-1)).toBe("9=1");
    await clock.run(moving);
  });

  it("stops gently when it is closed, and frees its lines", async () => {
    const { clock, log, session, moved } = bench();
    const moving = session.set("position", 360);
    await clock.advance(1000);
    await clock.run(session.close());
    await moving;
    // At 1 s it is at 135 deg, and needs 45 deg to stop.
    expect(moved()).toBe(100);
    expect(log.slice(-4)).toEqual(["3=1", "3 free", "1 free", "2 free"]);
  });

  it("knows where it is after the chip was gone", async () => {
    const { clock, bus, session, moved } = bench();
    const moving = session.set("position", 180);
    const failed = expect(moving).rejects.toMatchObject({ name: "BusError", code: "gone" });
    await clock.advance(600);
    bus.breakDown(new BusError("gone", "the chip was removed"));
    await clock.advance(600);
    await failed;
    bus.breakDown(undefined);
    await clock.advance(10_000);
    await clock.run(session.makeSafe());
    expect(moved()).toBe(0);
  });
});

it("has positions within its limits", async () => {
  const { session } = bench({ lowest: 0, highest: 90 });
  await expect(session.set("position", 91)).rejects.toThrow("position: expected 0 to 90 deg, got 91");
  await expect(session.set("position", Number.NaN)).rejects.toThrow(RangeError);
  await expect(session.set("angle", 1)).rejects.toThrow('A4988 has no output "angle"; it has position');
  expect(() => a4988.outputs({ lowest: 10, highest: 90 })).toThrow("expected a safe position of 10 to 90 deg, got 0");
  expect(() => a4988.outputs({ lowest: 10, highest: 0 })).toThrow("is above the highest");
});
