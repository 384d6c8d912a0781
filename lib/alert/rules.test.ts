import { describe, expect, test } from "vitest";
import type { Reading, ReadingValue } from "../reading";
import { runCommand } from "./commands";
import type { AlertEvent } from "./event";
import { type AlertRule, compileRule } from "./rule";
import { AlertRules } from "./rules";
import { TargetError } from "./target";

const T0 = Date.UTC(2026, 0, 1);
const hot: AlertRule = { id: "r1", name: "Too hot", limits: [{ op: ">", value: 38, severity: "high" }] };
const rules = (...list: Partial<AlertRule>[]) => new AlertRules(list.map((rule) => compileRule({ ...hot, ...rule })));
const at = (seconds: number, value: ReadingValue, over: Partial<Reading> = {}): Reading => ({
  ...{ deviceId: "pump-1", sensor: "temperature", value, unit: "Cel", timestamp: T0 + seconds * 1000, quality: "good" },
  ...over,
});
/** Feeds readings at the moment they were measured. */
const feed = (engine: AlertRules, ...batch: Reading[]): AlertEvent[] =>
  batch.flatMap((reading) => [...engine.evaluate([reading], reading.timestamp)]);
const brief = (events: readonly AlertEvent[]) =>
  events.map((e) => `${e.event} ${(e.timestamp - T0) / 1000} ${e.severity} ${e.state}`);
const wall = (seconds: number): number => T0 + seconds * 1000;

describe("alert rules", () => {
  test("an event tells all there is to know", () => {
    const engine = rules({ labels: { site: "north" }, onDelay: 10_000 });
    const [event] = feed(engine, at(0, 40), at(5, 41), at(10, 42));
    expect(event).toMatchObject({
      ...{
        event: "raised",
        rule: "Too hot",
        ruleId: "r1",
        condition: "limit",
        deviceId: "pump-1",
        sensor: "temperature",
      },
      ...{ state: "ACTIVE", severity: "high", value: 42, unit: "Cel", since: wall(10), timestamp: wall(10), flags: [] },
      limit: { op: ">", value: 38, severity: "high" },
      message: "pump-1 temperature is 42 °C (> 38)",
      labels: {
        alertname: "Too hot",
        rule: "r1",
        deviceId: "pump-1",
        sensor: "temperature",
        condition: "limit",
        site: "north",
      },
    });
    expect(event?.id).toMatch(/^[0-9a-f]{64}$/);
    expect(JSON.parse(JSON.stringify(event)).id).toBe(event?.id);
  });

  test("the worst active limit wins, and a change of severity is told", () => {
    const limits: AlertRule["limits"] = [
      { op: ">", value: 38, severity: "medium" },
      { op: ">", value: 40, severity: "critical" },
      { op: "<", value: 35, severity: "high" },
    ];
    expect(brief(feed(rules({ limits }), at(0, 39), at(1, 41), at(2, 39), at(3, 34), at(4, 37)))).toEqual([
      "raised 0 medium ACTIVE",
      "changed 1 critical ACTIVE",
      "changed 2 medium ACTIVE",
      "changed 3 high ACTIVE",
      "cleared 4 high NORMAL",
    ]);
  });

  test("the same alert keeps its id from one occurrence to the next, and each occurrence has its own", () => {
    const events = feed(rules({}), at(0, 40), at(1, 20), at(2, 40), at(2, 20), at(2, 40));
    expect(new Set(events.map(({ id }) => id)).size).toBe(1);
    expect(new Set(events.map(({ occurrenceId }) => occurrenceId)).size).toBe(3);
    const [raised, cleared] = events;
    expect(cleared?.occurrenceId).toBe(raised?.occurrenceId);
    expect(cleared?.previous).toEqual({ state: "ACTIVE", severity: "high" });
  });

  test("an on delay runs out without a further reading", () => {
    const engine = rules({ onDelay: 60_000 });
    feed(engine, at(0, 40));
    expect(engine.tick(wall(60))).toEqual([]);
    expect(brief(engine.tick(wall(61)))).toEqual(["raised 60 high ACTIVE"]);
  });

  test("an idle series is timed by the wall clock, not by the device's, which may be wrong by years", () => {
    const engine = rules({ onDelay: 60_000 });
    engine.evaluate([at(0, 40)], wall(1e8));
    expect(engine.tick(wall(1e8 + 59))).toEqual([]);
    expect(brief(engine.tick(wall(1e8 + 61)))).toEqual(["raised 60 high ACTIVE"]);
  });

  test("an off delay keeps an alert standing through short returns", () => {
    const engine = rules({ offDelay: 10_000 });
    expect(brief(feed(engine, at(0, 40), at(1, 20)))).toEqual(["raised 0 high ACTIVE"]);
    expect(engine.list()[0]?.state).toBe("RECOVERING");
    expect(feed(engine, at(5, 40))).toEqual([]);
    expect(engine.list()[0]?.state).toBe("ACTIVE");
    feed(engine, at(6, 20));
    expect(brief(engine.tick(wall(17)))).toEqual(["cleared 16 high NORMAL"]);
  });

  test("a repeat count asks for readings beyond the limit within its window", () => {
    const repeat = { count: 3, window: 10_000 };
    expect(brief(feed(rules({ repeat }), at(0, 40), at(1, 20), at(9, 40), at(10, 20), at(11, 40)))).toEqual([]);
    expect(brief(feed(rules({ repeat }), at(0, 40), at(1, 20), at(4, 40), at(5, 20), at(9, 40)))).toEqual([
      "raised 9 high ACTIVE",
    ]);
  });

  test("silence raises an alert of its own, which ends with the next reading", () => {
    const engine = rules({ noData: { after: 30_000, severity: "low" } });
    feed(engine, at(0, 20));
    expect(engine.tick(wall(30))).toEqual([]);
    const [raised] = engine.tick(wall(31));
    expect(raised).toMatchObject({
      event: "raised",
      condition: "noData",
      severity: "low",
      value: null,
      since: wall(30),
    });
    expect(raised?.message).toBe("pump-1 temperature sends no data");
    const [cleared] = feed(engine, at(50, 20));
    expect(cleared).toMatchObject({
      event: "cleared",
      condition: "noData",
      message: "pump-1 temperature sends data again",
    });
  });

  test("a latched alert stands until it is acknowledged", () => {
    const engine = rules({ latch: true });
    expect(brief(feed(engine, at(0, 40), at(1, 20)))).toEqual([
      "raised 0 high ACTIVE",
      "changed 1 high RETURNED_UNACKED",
    ]);
    const [acknowledged, cleared] = engine.acknowledge({ all: true }, { by: "Ada", comment: "fan replaced" }, wall(5));
    expect(acknowledged).toMatchObject({
      event: "acknowledged",
      by: "Ada",
      acknowledgedBy: "Ada",
      comment: "fan replaced",
    });
    expect(cleared).toMatchObject({ event: "cleared", state: "NORMAL", acknowledgedBy: "Ada" });
    expect(engine.list()).toEqual([]);
  });

  test("a latched alert that was acknowledged in time clears by itself", () => {
    const engine = rules({ latch: true });
    const [raised] = feed(engine, at(0, 40));
    expect(brief(engine.acknowledge({ id: raised?.id ?? "" }, {}, wall(1)))).toEqual([
      "acknowledged 1 high ACTIVE_ACKED",
    ]);
    expect(brief(feed(engine, at(2, 20)))).toEqual(["cleared 2 high NORMAL"]);
  });

  test("what gets worse after an acknowledgement needs a new one", () => {
    const engine = rules({ limits: [...hot.limits, { op: ">", value: 41, severity: "critical" }] });
    feed(engine, at(0, 40));
    engine.acknowledge({ all: true }, { by: "Ada" }, wall(1));
    const [changed] = feed(engine, at(2, 42));
    expect(changed).toMatchObject({
      event: "changed",
      severity: "critical",
      state: "ACTIVE",
      acknowledgedBy: undefined,
    });
    engine.acknowledge({ all: true }, { by: "Ada" }, wall(3));
    // What gets better does not.
    expect(feed(engine, at(4, 40))[0]).toMatchObject({ event: "changed", severity: "high", state: "ACTIVE_ACKED" });
  });

  test("a shelved alert is silent, lives on, and says at the end what was withheld", () => {
    const engine = rules({});
    feed(engine, at(0, 20));
    const [shelved] = engine.shelve({ deviceId: "pump-1" }, wall(60), { by: "Ada" }, wall(0));
    expect(shelved).toMatchObject({
      event: "shelved",
      state: "NORMAL",
      flags: ["SHELVED"],
      shelvedUntil: wall(60),
      by: "Ada",
    });
    expect(feed(engine, at(1, 40))).toEqual([]);
    expect(engine.list()[0]).toMatchObject({ state: "ACTIVE", flags: ["SHELVED"] });
    expect(engine.counts()).toMatchObject({ standing: 1, open: 0 });
    expect(engine.tick(wall(59))).toEqual([]);
    expect(brief(engine.tick(wall(60)))).toEqual(["unshelved 60 high ACTIVE", "raised 60 high ACTIVE"]);
  });

  test("an alert that came and went while suppressed is never told", () => {
    const engine = rules({});
    feed(engine, at(0, 20));
    engine.suppress({ all: true }, { by: "maintenance plan" }, wall(0));
    engine.suppress({ deviceId: "pump-1", sensor: "temperature" }, { by: "maintenance plan" }, wall(0));
    feed(engine, at(1, 40), at(2, 20));
    expect(brief(engine.suppress({ deviceId: "pump-1" }, {}, wall(3), false))).toEqual(["unsuppressed 3 high NORMAL"]);
    expect(engine.list()).toEqual([]);
  });

  test("out of service and shelved at once: silent until both are lifted", () => {
    const engine = rules({});
    feed(engine, at(0, 40));
    engine.shelve({ deviceId: "pump-1" }, wall(10), {}, wall(1));
    engine.takeOutOfService({ deviceId: "pump-1" }, {}, wall(1));
    feed(engine, at(2, 20));
    expect(brief(engine.tick(wall(11)))).toEqual(["unshelved 11 high NORMAL"]);
    expect(brief(engine.takeOutOfService({ all: true }, {}, wall(12), false))).toEqual([
      "backInService 12 high NORMAL",
      "cleared 12 high NORMAL",
    ]);
  });

  test("clearing ends an occurrence; the next reading beyond the limit raises another", () => {
    const engine = rules({});
    feed(engine, at(0, 40));
    expect(brief(engine.clear({ deviceId: "pump-1" }, wall(1)))).toEqual(["cleared 1 high NORMAL"]);
    expect(brief(feed(engine, at(2, 40)))).toEqual(["raised 2 high ACTIVE"]);
  });

  test("clearing the silence of a device that is gone forgets it", () => {
    const engine = rules({ noData: { after: 1000, severity: "low" } });
    feed(engine, at(0, 20));
    engine.tick(wall(5));
    expect(brief(engine.clear({ all: true }, wall(6)))).toEqual(["cleared 6 low NORMAL"]);
    expect(engine.tick(wall(100))).toEqual([]);
  });

  test("an event sent back as an order is taken by its own rule and left by the others", () => {
    const engine = rules({});
    const other = rules({ id: "r2" });
    const order = { ...feed(engine, at(0, 40))[0], by: "Ada" };
    expect(runCommand(other, "acknowledge", order, wall(1))).toEqual([]);
    expect(brief(runCommand(engine, "acknowledge", order, wall(1)))).toEqual(["acknowledged 1 high ACTIVE_ACKED"]);
  });

  test("a command that means nothing says so", () => {
    const engine = rules({});
    expect(() => engine.acknowledge({ id: "nonsense" }, {}, wall(0))).toThrow(TargetError);
    expect(() => engine.shelve({ deviceId: "nobody" }, wall(60), {}, wall(0))).toThrow(
      /no known series is meant by .*nobody/,
    );
    expect(() => engine.shelve({ all: true }, wall(0), {}, wall(0))).toThrow(/a time that is yet to come/);
  });

  test("a bad reading neither raises nor clears, and a bad sensor counts as silent", () => {
    const engine = rules({ noData: { after: 30_000, severity: "low" } });
    expect(feed(engine, at(0, 99, { quality: "bad" }))).toEqual([]);
    feed(engine, at(0, 40));
    expect(feed(engine, at(1, null, { quality: "bad" }), at(20, 20, { quality: "bad" }))).toEqual([]);
    expect(brief(engine.tick(wall(31)))).toEqual(["raised 30 low ACTIVE"]);
  });

  test.each([
    ["notBad", ["good", "uncertain"]],
    ["goodOnly", ["good"]],
    ["any", ["good", "uncertain", "bad"]],
  ] as const)("quality %s takes %s", (quality, taken) => {
    const qualities = ["good", "uncertain", "bad"] as const;
    const raises = qualities.filter((each) => feed(rules({ quality }), at(0, 40, { quality: each })).length > 0);
    expect(raises).toEqual(taken);
  });

  test("a historical reading raises nothing unless asked", () => {
    expect(feed(rules({}), at(0, 40, { historical: true }))).toEqual([]);
    expect(feed(rules({ includeHistorical: true }), at(0, 40, { historical: true }))).toHaveLength(1);
  });

  test("a late reading is passed over and counted", () => {
    const engine = rules({});
    feed(engine, at(10, 20));
    expect(engine.evaluate([at(5, 40)], wall(11))).toEqual([]);
    expect(engine.losses.late).toBe(1);
  });

  test("a device whose clock is set back is followed, not ignored for ever", () => {
    const ahead = rules({});
    ahead.evaluate([at(1e9, 20)], wall(0));
    expect(ahead.evaluate([at(1, 40)], wall(1))).toHaveLength(1);

    const reset = rules({});
    reset.evaluate([at(0, 20)], wall(0));
    const in1970: Partial<Reading> = { timestamp: 1000 };
    expect(reset.evaluate([at(0, 40, in1970)], wall(10))).toEqual([]);
    expect(reset.evaluate([at(0, 40, in1970)], wall(31))).toHaveLength(1);
  });

  test("text and booleans are compared with limits of their kind; others are counted", () => {
    const door = rules({ limits: [{ op: "==", value: "open", severity: "info" }] });
    expect(brief(feed(door, at(0, "open"), at(1, "shut")))).toEqual(["raised 0 info ACTIVE", "cleared 1 info NORMAL"]);
    const leak = rules({ limits: [{ op: "==", value: true, severity: "critical" }] });
    expect(feed(leak, at(0, true), at(1, 0))).toHaveLength(2);
    feed(leak, at(2, "wet"), at(3, "wet"));
    expect(leak.losses.incomparable).toBe(2);
  });

  test("filters choose devices and sensors by name and glob", () => {
    const engine = rules({ devices: ["pump-*"], sensors: ["temperature", "*.temp"] });
    const alerting = [
      at(0, 40),
      at(0, 40, { deviceId: "fan-1" }),
      at(0, 40, { sensor: "pressure" }),
      at(0, 40, { sensor: "oil.temp" }),
    ].filter((reading) => feed(engine, reading).length > 0);
    expect(alerting.map(({ sensor }) => sensor)).toEqual(["temperature", "oil.temp"]);
  });

  test("memory is bounded: the series that goes takes its alert along", () => {
    const engine = new AlertRules([compileRule(hot)], 2);
    feed(engine, at(0, 40));
    const events = feed(engine, at(1, 20, { deviceId: "pump-2" }), at(2, 20, { deviceId: "pump-3" }));
    expect(events).toMatchObject([{ event: "cleared", deviceId: "pump-1" }]);
    expect(engine.losses.evicted).toBe(1);
    expect(engine.list()).toEqual([]);
  });
});

describe("a rule that is refused", () => {
  test.each<[Partial<AlertRule>, RegExp]>([
    [{ limits: [] }, /limits: expected at least one limit, or a no-data time/],
    [{ limits: [{ op: ">", value: 1, severity: "awful" as "high" }] }, /limits\[0\]\.severity: .*got "awful"/],
    [{ onDelay: -1 }, /onDelay: expected 0 to .* got -1/],
    [{ repeat: { count: 0, window: 1000 } }, /repeat\.count: expected 1 to 1000, got 0/],
    [{ labels: { "a b": "x" } }, /labels: .*got "a b"/],
    [{ labels: { constructor: "x" } }, /labels/],
    [{ labels: { deviceId: "x" } }, /deviceId is set by the rule itself/],
    [{ message: "{{nope}}" }, /message: \{\{nope\}\} is unknown/],
    [{ devices: [" "] }, /devices: expected a name/],
  ])("%j", (over, reason) => {
    expect(() => rules(over)).toThrow(reason);
  });
});
