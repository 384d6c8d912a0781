import { describe, expect, it } from "vitest";
import { recordedBus } from "../../test/support/recorded-bus";
import { VirtualClock } from "../bus";
import { SimulatedBus } from "../bus/simulated";
import { uln2003 } from "./uln2003";

function bench(options: Record<string, unknown> = {}) {
  const clock = new VirtualClock();
  const { log, times, shared } = recordedBus(new SimulatedBus("gpio", clock));
  const lines = { coilA: 1, coilB: 2, coilC: 3, coilD: 4 };
  const session = uln2003.connect(shared, { options: { ...lines, halfSteps: 4096, ...options } });
  /** Which coils had power, whenever some time passed. */
  const patterns = () => {
    const levels = ["0", "0", "0", "0"];
    const seen: string[] = [];
    log.forEach((entry, index) => {
      const [line, level] = entry.split("=") as [string, string];
      levels[Number(line) - 1] = level;
      if (times[index + 1] !== times[index]) seen.push(levels.join(""));
    });
    return seen;
  };
  return { clock, log, session, patterns };
}

/** Half-step mode: A, AB, B, BC, C, CD, D, DA (Kiatronics' 28BYJ-48 sheet; the order of table "half step" at airsupplylab.com). */
const TABLE = ["1000", "1100", "0100", "0110", "0010", "0011", "0001", "1001"];

describe("half steps", () => {
  it("follow the table forward, and let go at the end", async () => {
    const { clock, patterns, session } = bench();
    await clock.run(session.set("position", (8 * 360) / 4096));
    expect(patterns()).toEqual([...TABLE, "0000"]);
  });

  it("follow it backward", async () => {
    const { clock, patterns, session } = bench({ hold: true });
    await clock.run(session.set("position", (-8 * 360) / 4096));
    expect(patterns()).toEqual(["1000", ...TABLE.toReversed()]);
  });

  it("never give power to more than two coils", async () => {
    const { clock, log, session } = bench();
    await clock.run(session.set("position", 5));
    await clock.run(session.set("position", -5));
    const on = new Set<string>();
    for (const entry of log) {
      const [line, level] = entry.split("=") as [string, string];
      if (level === "1") on.add(line);
      else on.delete(line);
      expect(on.size).toBeLessThanOrEqual(2);
    }
  });

  /** The gear has 25792 / 405 (teeth 32/9, 22/11, 26/9, 31/10), the motor 64 half steps. */
  it("of a turn are the gear's by default", async () => {
    expect(uln2003.options).toMatchObject({ halfSteps: { default: expect.closeTo((64 * 25792) / 405, 3) } });
  });
});
