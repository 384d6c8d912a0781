import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { defineNode, metricsOfNodes } from "../../../kit";
import type { NodeMessage } from "../../../kit/red";
import { configSchema, text } from "../../../kit/schema";
import { type AlertEvent, AlertStore, type AlertView } from "../../../lib/alert";
import type { Reading } from "../../../lib/reading";
import { openStore } from "../../../lib/store";
import { messagesAt, nodeOf, startFlow, stopFlow, until } from "../../../test/support/red";
import alertRule from "./alert-rule";

const NODES = [
  { id: "events", type: "helper" },
  { id: "passed", type: "helper" },
  { id: "answers", type: "helper" },
  { id: "catch", type: "catch", scope: ["rule"], wires: [["caught"]] },
  { id: "caught", type: "helper" },
];

/** The smallest config node with a real store in a real file. */
const storeNode = defineNode(
  configSchema("store", { family: "storage", summary: "Under test.", version: 1, config: { file: text("File") } }),
  ({ config }) => {
    const store = openStore(config.file);
    return { service: store, close: () => store.close() };
  },
);

async function run(config: Record<string, unknown>, storeFile?: string) {
  const store = storeFile ? [{ id: "store", type: "gatewise-store", z: "", file: storeFile }] : [];
  await startFlow(
    [alertRule, storeNode],
    [
      ...store,
      {
        ...{ id: "rule", type: "gatewise-alert-rule", name: "Too hot", version: 1 },
        limits: [{ op: ">", value: "38", severity: "high" }],
        wires: [["events"], ["passed"], ["answers"]],
        ...(storeFile ? { store: "store" } : {}),
        ...config,
      },
      ...NODES,
    ],
  );
  return {
    events: messagesAt("events") as (NodeMessage & { payload: AlertEvent })[],
    passed: messagesAt("passed"),
    answers: messagesAt("answers") as (NodeMessage & { payload: AlertView[] })[],
    caught: messagesAt("caught"),
  };
}

let time = Date.now() - 3_600_000;
const reading = (value: Reading["value"], over: Partial<Reading> = {}): Reading => {
  time += 1000;
  return { deviceId: "pump-1", sensor: "temperature", value, unit: "Cel", timestamp: time, quality: "good", ...over };
};
const send = (...batch: Reading[]) => nodeOf("rule").receive({ payload: batch, extra: "kept" });
const names = (messages: { payload: AlertEvent }[]) => messages.map(({ payload }) => payload.event);
const errorOf = (msg: NodeMessage | undefined): string =>
  (msg?.error as { message: string } | undefined)?.message ?? "";

afterEach(stopFlow);

describe("the alert rule node", () => {
  test("sends an event a message and passes all readings through", async () => {
    const { events, passed } = await run({});
    send(reading(20), reading(40), reading(20));
    await until(() => passed.length === 1, "the readings");
    expect(names(events)).toEqual(["raised", "cleared"]);
    expect(events[0]).toMatchObject({ topic: events[0]?.payload.id, payload: { rule: "Too hot", value: 40 } });
    expect(passed[0]).toMatchObject({ extra: "kept", payload: [{ value: 20 }, { value: 40 }, { value: 20 }] });
    expect(metricsOfNodes.of("rule")?.counts).toMatchObject({ raised: 1, cleared: 1 });
  });

  test("takes simple JSON rules, with the dialog's timing for each", async () => {
    const rules = [
      { sensor_types: ["temperature"], conditions: { max_value: 38 }, severity: "critical", message: "hot: {{value}}" },
      { sensor_types: ["door"], conditions: { equals: "open" }, severity: "info" },
    ];
    const { events } = await run({ mode: "json", rules: JSON.stringify(rules), offDelay: "60" });
    send(reading(40), reading(20), reading("open", { sensor: "door", unit: "1" }));
    await until(() => events.length === 2, "both events");
    expect(events.map(({ payload }) => [payload.event, payload.severity, payload.message])).toEqual([
      ["raised", "critical", "hot: 40"],
      ["raised", "info", "pump-1 door is open (== open)"],
    ]);
  });

  test("raises when an on delay runs out though nothing arrives any more", async () => {
    const { events } = await run({ onDelay: 0.2 });
    send(reading(40, { timestamp: Date.now() }));
    expect(events).toEqual([]);
    await until(() => events.length === 1, "the alert");
    expect(names(events)).toEqual(["raised"]);
  });

  test("tells of silence", async () => {
    const { events } = await run({ noData: true, noDataAfter: 0.2, noDataSeverity: "low" });
    send(reading(20, { timestamp: Date.now() }));
    await until(() => events.length === 1, "the silence");
    expect(events[0]?.payload).toMatchObject({ event: "raised", condition: "noData", severity: "low" });
  });

  test("acknowledges, shelves and lists by command", async () => {
    const { events, answers, passed } = await run({});
    send(reading(40));
    await until(() => events.length === 1, "the alert");
    const { id } = (events[0] as { payload: AlertEvent }).payload;
    nodeOf("rule").receive({ command: "acknowledge", payload: { id, by: "Ada", comment: "on my way" } });
    nodeOf("rule").receive({ command: "shelve", payload: { deviceId: "pump-1", minutes: 30, by: "Ada" } });
    send(reading(20), reading(50));
    nodeOf("rule").receive({ command: "list", topic: "kept" });
    await until(() => answers.length === 1, "the answer");
    expect(names(events)).toEqual(["raised", "acknowledged", "shelved"]);
    expect(answers[0]).toMatchObject({
      topic: "kept",
      payload: [{ id, state: "ACTIVE", flags: ["SHELVED"], value: 50 }],
    });
    expect(passed).toHaveLength(2);
    nodeOf("rule").receive({ command: "unshelve", payload: id });
    await until(() => events.length === 6, "what was withheld");
    expect(names(events).slice(3)).toEqual(["unshelved", "cleared", "raised"]);
  });

  test("a command that means nothing is an error with its reason", async () => {
    const { caught } = await run({});
    nodeOf("rule").receive({ command: "acknowledge", payload: "no such id" });
    nodeOf("rule").receive({ command: "shelve", payload: { all: true } });
    nodeOf("rule").receive({ command: "dance" });
    await until(() => caught.length === 3, "the errors");
    expect(errorOf(caught[0])).toContain('no unacknowledged alert is meant by {"id":"no such id"}');
    expect(errorOf(caught[1])).toContain("minutes: expected more than 0");
    expect(errorOf(caught[2])).toContain("expected one of acknowledge");
  });

  test.each([
    [{ limits: [] }, "limits: expected at least one limit, or a no-data time"],
    [{ limits: [{ op: ">", value: "hot", severity: "high" }] }, "limits[0]: > compares numbers"],
    [{ message: "{{valeu}}" }, "{{valeu}} is unknown"],
    [{ mode: "json", rules: '[{"conditions": {}}]' }, "rule.conditions: expected min_value"],
  ])("a rule that makes no sense is refused with the reason: %j", async (config, reason) => {
    const { caught } = await run(config);
    send(reading(40));
    await until(() => caught.length === 1, "the refusal");
    expect(errorOf(caught[0])).toContain(reason);
  });
});

describe("the alert rule node with a store", () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gatewise-alert-"));
    file = join(folder, "gatewise.db");
  });
  afterEach(async () => {
    await stopFlow();
    rmSync(folder, { recursive: true });
  });

  test("a redeploy keeps what stands and does not raise it twice", async () => {
    const first = await run({}, file);
    send(reading(40));
    await until(() => first.events.length === 1, "the alert");
    const { occurrenceId } = (first.events[0] as { payload: AlertEvent }).payload;
    await stopFlow();

    const second = await run({}, file);
    send(reading(41), reading(20));
    await until(() => second.events.length > 0, "an event");
    expect(second.events.map(({ payload }) => [payload.event, payload.occurrenceId])).toEqual([
      ["cleared", occurrenceId],
    ]);
  });

  test("what an event is about is kept by the time it is heard", async () => {
    const { events } = await run({}, file);
    send(reading(40));
    await until(() => events.length === 1, "the alert");
    const store = openStore(file);
    const kept = new AlertStore(store, "rule").load(Date.now(), (problem) => expect.fail(problem));
    store.close();
    expect(kept).toMatchObject([
      { ruleId: "rule", series: "pump-1/temperature", state: { alerts: [{ condition: "limit" }] } },
    ]);
  });

  test("limits edited while an alert stands: it is cleared when they no longer justify it", async () => {
    const first = await run({}, file);
    send(reading(40));
    await until(() => first.events.length === 1, "the alert");
    await stopFlow();
    const second = await run({ limits: [{ op: ">", value: "60", severity: "high" }] }, file);
    await until(() => second.events.length === 1, "the end of the alert");
    expect(names(second.events)).toEqual(["cleared"]);
  });
});
