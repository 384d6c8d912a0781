import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Reading } from "../reading";
import { IN_MEMORY, openStore, type Store } from "../store";
import type { AlertEvent } from "./event";
import { ALERT_MIGRATIONS, AlertStore } from "./persistence";
import { type AlertRule, compileRule } from "./rule";
import { AlertRules } from "./rules";

const T0 = Date.UTC(2026, 0, 1);
const rule: AlertRule = { id: "r1", name: "Too hot", limits: [{ op: ">", value: 38, severity: "high" }] };
const at = (seconds: number, value: number, deviceId = "pump-1"): Reading => ({
  ...{ deviceId, sensor: "temperature", value, unit: "Cel", timestamp: T0 + seconds * 1000, quality: "good" },
});
const wall = (seconds: number): number => T0 + seconds * 1000;
const fail = (message: string): never => {
  throw new Error(message);
};

let store: Store;
let saved: AlertStore;
beforeEach(() => {
  store = openStore(IN_MEMORY);
  saved = new AlertStore(store, "node-1");
});
afterEach(() => store.close());

/** Saves what the old rules knew at `stoppedAt` and starts new ones from it. */
function restart(
  old: AlertRules,
  over: Partial<AlertRule>,
  now: number,
  stoppedAt = now,
): { rules: AlertRules; events: readonly AlertEvent[] } {
  saved.save(old.takeChanged(stoppedAt), stoppedAt);
  const rules = new AlertRules([compileRule({ ...rule, ...over })]);
  for (const each of saved.load(now, fail)) rules.restore(each, now);
  return { rules, events: rules.takeEvents() };
}

function running(over: Partial<AlertRule> = {}, ...batch: Reading[]): AlertRules {
  const rules = new AlertRules([compileRule({ ...rule, ...over })]);
  for (const reading of batch) rules.evaluate([reading], reading.timestamp);
  return rules;
}

describe("alerts over a restart", () => {
  test("an active alert goes on without being raised twice, and clears with its own occurrence", () => {
    const old = running({}, at(0, 40));
    old.acknowledge({ all: true }, { by: "Ada", comment: "seen" }, wall(1));
    const before = old.list();
    const { rules, events } = restart(old, {}, wall(100));
    expect(events).toEqual([]);
    expect(rules.list()).toEqual(before);
    expect(rules.evaluate([at(101, 41)], wall(101))).toEqual([]);
    expect(rules.evaluate([at(102, 20)], wall(102))).toMatchObject([
      { event: "cleared", occurrenceId: before[0]?.occurrenceId, acknowledgedBy: "Ada", since: T0 },
    ]);
  });

  test("the time while the gateway was off is not the sensor's silence", () => {
    const noData = { noData: { after: 30_000, severity: "low" as const } };
    const old = running(noData, at(0, 20));
    const { rules } = restart(old, noData, wall(3600), wall(10));
    expect(rules.tick(wall(3601))).toEqual([]);
    expect(rules.evaluate([at(3605, 20)], wall(3605))).toEqual([]);
    expect(rules.tick(wall(3636))).toMatchObject([{ event: "raised", condition: "noData", since: wall(3635) }]);
  });

  test("a device that stays silent after the restart is noticed", () => {
    const noData = { noData: { after: 30_000, severity: "low" as const } };
    const { rules } = restart(running(noData, at(0, 20)), noData, wall(3600), wall(10));
    expect(rules.tick(wall(3619))).toEqual([]);
    expect(rules.tick(wall(3621))).toMatchObject([{ event: "raised", condition: "noData", deviceId: "pump-1" }]);
  });

  test("a shelved alert stays silent until its time", () => {
    const old = running({}, at(0, 20));
    old.shelve({ deviceId: "pump-1" }, wall(600), {}, wall(1));
    const { rules } = restart(old, {}, wall(100));
    expect(rules.evaluate([at(101, 40)], wall(101))).toEqual([]);
    expect(rules.tick(wall(601)).map(({ event }) => event)).toEqual(["unshelved", "raised"]);
  });

  test("an edited message or delay does not disturb an alert that stands", () => {
    const { rules, events } = restart(running({}, at(0, 40)), { message: "new words", onDelay: 60_000 }, wall(10));
    expect(events).toEqual([]);
    expect(rules.list()).toMatchObject([{ state: "ACTIVE", message: "new words" }]);
  });

  test("edited limits: an alert they still justify goes on, any other is cleared", () => {
    const old = running({}, at(0, 40), at(0, 45, "pump-2"));
    const { rules, events } = restart(old, { limits: [{ op: ">", value: 42, severity: "critical" }] }, wall(10));
    expect(events).toMatchObject([
      { event: "cleared", deviceId: "pump-1" },
      { event: "changed", deviceId: "pump-2", severity: "critical" },
    ]);
    expect(rules.list()).toMatchObject([{ deviceId: "pump-2", state: "ACTIVE" }]);
  });

  test("an alert that the edited rule no longer watches is cleared, not forgotten", () => {
    const { rules, events } = restart(running({}, at(0, 40)), { devices: ["pump-2"] }, wall(10));
    expect(events).toMatchObject([{ event: "cleared", deviceId: "pump-1", state: "NORMAL", timestamp: wall(10) }]);
    expect(rules.list()).toEqual([]);
  });

  test("quiet series leave nothing in the store", () => {
    const old = running({}, at(0, 40), at(1, 20));
    restart(old, {}, wall(2));
    expect(saved.load(wall(2), fail)).toEqual([]);
  });

  test("an unreadable state is reported, and the others are restored", () => {
    restart(running({}, at(0, 40), at(0, 40, "pump-2")), {}, wall(1));
    store.component("alert", ALERT_MIGRATIONS).exec("UPDATE alert_state SET state = '{' WHERE series LIKE 'pump-1%'");
    const problems: string[] = [];
    expect(saved.load(wall(2), (problem) => problems.push(problem))).toHaveLength(1);
    expect(problems).toEqual([expect.stringContaining("pump-1/temperature")]);
  });
});
