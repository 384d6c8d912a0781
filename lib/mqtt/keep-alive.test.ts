import { describe, expect, it } from "vitest";
import { KeepAlive } from "./keep-alive";

function keepAlive(seconds = 10) {
  const log: string[] = [];
  const clock = { now: 0 };
  const alive = new KeepAlive({
    seconds,
    ping: () => log.push("ping"),
    onSilent: (ms) => log.push(`silent ${ms}`),
    now: () => clock.now,
  });
  alive.begin();
  const pass = (ms: number): void => {
    for (const end = clock.now + ms; clock.now < end; ) {
      clock.now += alive.intervalMs;
      alive.tick();
    }
  };
  return { alive, log, clock, pass };
}

describe("KeepAlive", () => {
  it("pings twice a period and gives up once after one and a half", () => {
    const { log, pass } = keepAlive();
    pass(30_000);
    expect(log).toEqual(["ping", "ping", "ping", "silent 20000"]);
  });

  it("watches the next connection as it watched the last", () => {
    const { alive, log, pass } = keepAlive();
    pass(30_000);
    log.length = 0;
    alive.begin();
    pass(30_000);
    expect(log).toEqual(["ping", "ping", "ping", "silent 20000"]);
  });

  it("lives on whatever comes from the broker", () => {
    const { alive, log, clock, pass } = keepAlive();
    for (let round = 0; round < 10; round += 1) {
      pass(10_000);
      alive.lastHeard = clock.now;
    }
    expect(log.filter((line) => line !== "ping")).toEqual([]);
  });

  it("pings while paused and takes no silence for death", () => {
    const { alive, log, pass } = keepAlive();
    alive.paused = true;
    pass(600_000);
    expect(log).toHaveLength(120);
    alive.paused = false;
    pass(15_000);
    expect(log.filter((line) => line !== "ping")).toEqual([]);
    pass(5000);
    expect(log.at(-1)).toMatch(/^silent/);
  });
});
