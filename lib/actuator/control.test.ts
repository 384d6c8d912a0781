import { describe, expect, it } from "vitest";
import { VirtualClock } from "../bus";
import type { ActuatorValue, OutputInfo } from "../drivers/core";
import { type Change, OutputControl, type OutputLimits, outputRules, readingOf } from ".";

const relay: OutputInfo = { actuator: "relay", type: "boolean", unit: "1", safe: false };
const fan: OutputInfo = { actuator: "fan", type: "number", unit: "%", range: [0, 100], safe: 0 };

/** A control of a part that takes `tookMs` for each value and fails while `isBroken`. */
function controlled(output: OutputInfo, limits: OutputLimits, tookMs = 0) {
  const clock = new VirtualClock();
  const log: string[] = [];
  const part = { isBroken: false, value: undefined as ActuatorValue | undefined };
  const control = new OutputControl(outputRules(output, limits), {
    now: () => clock.now(),
    after: (ms, work) => clock.after(ms, work),
    async set(value) {
      if (tookMs > 0) await clock.wait(tookMs);
      if (part.isBroken) throw new Error("no device answers");
      if (value === "#gg0000") throw new RangeError("expected colours");
      part.value = value;
    },
    changed: ({ value, cause }: Change) => log.push(`${clock.now()} ${value} ${cause}`),
    failed: (error, change, retryMs) =>
      log.push(`${clock.now()} ${change.value} ${(error as Error).message}, ${retryMs}`),
  });
  return { clock, log, part, control };
}

describe("an output", () => {
  it("is safe at start and at close, and set in between", async () => {
    const { clock, log, control } = controlled(fan, { safe: 10 });
    await control.start();
    expect(await control.request(50)).toEqual({ kind: "set", change: { value: 50, cause: "set" } });
    await clock.advance(5);
    await control.close();
    expect(log).toEqual(["0 10 start", "0 50 set", "5 10 close"]);
    await expect(control.request(50)).rejects.toThrow("fan is closed");
  });

  it("does not take what is out of range, and keeps its value", async () => {
    const { control } = controlled(fan, {});
    await control.start();
    await control.request(50);
    await expect(control.request(101)).rejects.toThrow("fan: expected 0 to 100 %, got 101");
    expect(control.value).toBe(50);
  });

  it("holds back what comes too early, and sets the last of it", async () => {
    const { clock, log, control } = controlled(relay, { minOnMs: 1000, minOffMs: 3000 });
    await control.start();
    const early = control.request(true);
    expect(await early).toEqual({ kind: "held", until: 3000 });
    await clock.advance(3000);
    expect(await control.request(false)).toEqual({ kind: "held", until: 4000 });
    expect(await control.request(true)).toMatchObject({ kind: "set" });
    await control.request(false);
    await clock.advance(1000);
    expect(log).toEqual(["0 false start", "3000 true set", "3000 true set", "4000 false set"]);
  });

  it("goes off after the longest time, and stays off until off was asked for", async () => {
    const { clock, log, control } = controlled(fan, { maxOnMs: 10_000 });
    await control.start();
    await control.request(30);
    await clock.advance(6000);
    await control.request(60);
    await clock.advance(20_000);
    await expect(control.request(60)).rejects.toThrow("fan was on for the longest time allowed");
    await control.request(0);
    await control.request(60);
    expect(log).toEqual(["0 0 start", "0 30 set", "6000 60 set", "10000 0 longest-on", "26000 0 set", "26000 60 set"]);
  });

  it("goes safe when nothing is asked for any more, at once, and then waits for nothing", async () => {
    const { clock, log, control } = controlled(relay, { safe: true, inputTimeoutMs: 5000, minOffMs: 60_000 });
    await control.start();
    await control.request(false);
    await clock.advance(4999);
    await control.request(false);
    await clock.advance(100_000);
    expect(log).toEqual(["0 true start", "0 false set", "4999 false set", "9999 true input-lost"]);
  });

  it("forgets what it held back when the input is lost", async () => {
    const { clock, log, control } = controlled(relay, { inputTimeoutMs: 1000, minOffMs: 2000 });
    await control.start();
    await control.request(true);
    await clock.advance(10_000);
    expect(log).toEqual(["0 false start"]);
  });

  it("takes a day without a timer that is too long for timers", async () => {
    const { clock, log, control } = controlled(relay, { maxOnMs: 40 * 86_400_000 });
    await control.start();
    await control.request(true);
    await clock.advance(41 * 86_400_000);
    expect(log.at(-1)).toBe(`${40 * 86_400_000} false longest-on`);
  });
});

describe("a part that fails", () => {
  it("is tried again, less and less often, until it has the value", async () => {
    const { clock, log, part, control } = controlled(relay, { minOnMs: 500 });
    await control.start();
    part.isBroken = true;
    await expect(control.request(true)).rejects.toThrow("no device answers");
    await clock.advance(6999);
    part.isBroken = false;
    await clock.advance(1);
    expect(log).toEqual([
      "0 false start",
      ...["0 true no device answers, 1000", "1000 true no device answers, 2000", "3000 true no device answers, 4000"],
      "7000 true set",
    ]);
    expect(part.value).toBe(true);
  });

  it("is switched off in time even if the failure lies about it", async () => {
    const { clock, log, part, control } = controlled(relay, { maxOnMs: 5000 });
    await control.start();
    part.isBroken = true;
    await expect(control.request(true)).rejects.toThrow();
    part.value = true;
    await clock.advance(5000);
    part.isBroken = false;
    await clock.advance(2000);
    expect(part.value).toBe(false);
    expect(log.at(-1)).toBe("6000 false longest-on");
  });

  it("gets what was asked for last", async () => {
    const { clock, part, control } = controlled(fan, {});
    await control.start();
    part.isBroken = true;
    await expect(control.request(30)).rejects.toThrow();
    await expect(control.request(40)).rejects.toThrow();
    part.isBroken = false;
    await clock.advance(10_000);
    expect(part.value).toBe(40);
  });

  it("is made safe at close by a second attempt, or close says why not", async () => {
    const { part, log, control } = controlled(relay, {});
    await control.start();
    part.isBroken = true;
    await expect(control.close()).rejects.toThrow("no device answers");
    expect(log.filter((line) => line.includes("no device"))).toHaveLength(2);
    await control.close();
  });
});

describe("a text that the part cannot show", () => {
  const strip: OutputInfo = { actuator: "colours", type: "text", unit: "1", safe: "" };

  it("is refused once, and the next one is taken", async () => {
    const { clock, log, part, control } = controlled(strip, {});
    await control.start();
    await expect(control.request("#gg0000")).rejects.toThrow(new RangeError("expected colours"));
    await clock.advance(60_000);
    await control.request("#ff0000");
    expect(part.value).toBe("#ff0000");
    expect(log).toEqual(["0  start", "0 #gg0000 expected colours, Infinity", "60000 #ff0000 set"]);
  });

  it("is made safe all the same when the input is lost", async () => {
    const { clock, log, control } = controlled(strip, { inputTimeoutMs: 5000 });
    await control.start();
    await control.request("#ff0000");
    await expect(control.request("#gg0000")).rejects.toThrow(RangeError);
    await clock.advance(60_000);
    expect(log.at(-1)).toBe("5000  input-lost");
  });
});

describe("a slow part", () => {
  it("is set once at a time; what was overtaken is not set", async () => {
    const { clock, log, control } = controlled(fan, {}, 100);
    const started = control.start();
    const outcomes = [20, 30, 40].map((value) => control.request(value));
    await clock.advance(1000);
    await started;
    expect(await Promise.all(outcomes)).toMatchObject([{ kind: "replaced" }, { kind: "replaced" }, { kind: "set" }]);
    expect(log).toEqual(["100 0 start", "200 40 set"]);
  });

  it("is made safe without waiting for what is under way", async () => {
    const { clock, log, part, control } = controlled(fan, {}, 100);
    await clock.run(control.start());
    const request = control.request(20);
    await clock.advance(30);
    await clock.run(control.close());
    expect(await request).toEqual({ kind: "replaced" });
    expect(log).toEqual(["100 0 start", "230 0 close"]);
    expect(part.value).toBe(0);
  });

  it("goes safe in time although it is still on its way", async () => {
    const { clock, log, control } = controlled(fan, { inputTimeoutMs: 5000 }, 60_000);
    await clock.run(control.start());
    const request = control.request(20);
    await clock.advance(200_000);
    expect(await request).toEqual({ kind: "replaced" });
    // Asked for at 60 s, lost at 65 s, and then a minute of its own.
    expect(log).toEqual(["60000 0 start", "125000 0 input-lost"]);
  });

  it("goes off in time although it is still on its way to on", async () => {
    const { clock, log, control } = controlled(fan, { maxOnMs: 5000 }, 60_000);
    await clock.run(control.start());
    const request = control.request(20);
    await clock.advance(200_000);
    expect(await request).toEqual({ kind: "replaced" });
    expect(log).toEqual(["60000 0 start", "125000 0 longest-on"]);
  });
});

it("what was set is a reading", () => {
  expect(readingOf("greenhouse", fan, { value: 40, cause: "set" }, 1000)).toEqual({
    ...{ deviceId: "greenhouse", sensor: "fan", value: 40, unit: "%", timestamp: 1000, quality: "good" },
    metadata: { cause: "set" },
  });
});
