import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { recordedBus } from "../../test/support/recorded-bus";
import { VirtualClock } from "../bus";
import { SimulatedBus } from "../bus/simulated";
import { valve } from "./valve";

function bench(options: Record<string, unknown>) {
  const clock = new VirtualClock();
  const { log, times, shared } = recordedBus(new SimulatedBus("gpio", clock));
  const session = valve.connect(shared, { options: { line: 1, closeLine: 2, ...options } });
  const timed = () => log.map((entry, index) => `${times[index]} ${entry}`);
  return { clock, log, times, timed, session };
}

describe("a solenoid", () => {
  it.each([
    ["solenoid", "high", ["1=0", "1=1", "1=0"]],
    ["solenoid", "low", ["1=1", "1=0", "1=1"]],
    ["solenoid-open", "high", ["1=1", "1=0", "1=1"]],
  ])("%s by the %s level", async (kind, on, expected) => {
    const { log, session } = bench({ kind, on });
    for (const open of [false, true, false]) await session.set("valve", open);
    expect(log).toEqual(expected);
  });
});

describe("a valve with two directions", () => {
  it("runs for its travel time, once", async () => {
    const { clock, timed, session } = bench({ kind: "motor", travel: 8 });
    await clock.run(session.set("valve", true));
    await clock.run(session.set("valve", true));
    expect(timed()).toEqual(["0 2=0", "0 1=0", "50 1=1", "8050 1=0"]);
  });

  it("gets one pulse", async () => {
    const { clock, timed, session } = bench({ kind: "latching", pulse: 30, on: "low" });
    await clock.run(session.set("valve", false));
    expect(timed()).toEqual(["0 1=1", "0 2=1", "50 2=0", "80 2=1"]);
  });

  it("turns round at once when it is to go back", async () => {
    const { clock, timed, session } = bench({ kind: "motor", travel: 8 });
    const opening = session.set("valve", true);
    await clock.advance(1000);
    await clock.run(session.makeSafe());
    await clock.run(opening);
    expect(timed().slice(3)).toEqual(["1000 1=0", "1000 2=0", "1050 2=1", "9050 2=0"]);
  });

  it("never has both directions on, and ends where it was sent last, without power", async () => {
    const plan = fc.array(fc.record({ open: fc.boolean(), wait: fc.integer({ min: 0, max: 300 }) }), { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(plan, async (steps) => {
        const { clock, log, session } = bench({ kind: "motor", travel: 0.2 });
        const sets: Promise<void>[] = [];
        for (const { open, wait } of steps) {
          sets.push(session.set("valve", open));
          await clock.advance(wait);
        }
        await clock.run(Promise.all(sets));
        const on = new Set<string>();
        let last = "";
        for (const entry of log) {
          const [line, level] = entry.split("=") as [string, string];
          if (level === "0") on.delete(line);
          else on.add(line);
          if (level === "1") last = line;
          expect(on.size).toBeLessThanOrEqual(1);
        }
        expect(on.size).toBe(0);
        expect(last).toBe(steps.at(-1)!.open ? "1" : "2");
      }),
    );
  });

  it("needs two lines", async () => {
    const { session } = bench({ kind: "motor", closeLine: 1 });
    await expect(session.set("valve", true)).rejects.toThrow("expected two lines, one for each direction");
  });
});
