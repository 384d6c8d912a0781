import { afterEach, describe, expect, test } from "vitest";
import type { AlertEvent, AlertView } from "../../lib/alert";
import type { Reading } from "../../lib/reading";
import type { FlowNode } from "../support/gateway";
import { until } from "../support/mosquitto";
import { RestartableGateway } from "../support/restartable-gateway";

/** Readings and commands in over HTTP; alert events go to the log, a line of JSON each, answers back to the request. */
const flow: FlowNode[] = [
  { id: "tab", type: "tab", label: "Alerts" },
  { id: "store", type: "gatewise-store", name: "", version: 1, file: "gatewise.db" },
  {
    id: "readings",
    type: "http in",
    z: "tab",
    x: 100,
    y: 100,
    url: "/readings",
    method: "post",
    wires: [["rule", "taken"]],
  },
  { id: "commands", type: "http in", z: "tab", x: 100, y: 200, url: "/list", method: "post", wires: [["list"]] },
  {
    ...{ id: "list", type: "change", z: "tab", x: 250, y: 200, wires: [["rule"]] },
    rules: [{ t: "set", p: "command", pt: "msg", to: "list", tot: "str" }],
  },
  { id: "taken", type: "http response", z: "tab", x: 250, y: 50, wires: [] },
  {
    ...{
      id: "rule",
      type: "gatewise-alert-rule",
      z: "tab",
      x: 400,
      y: 100,
      name: "Too hot",
      version: 1,
      store: "store",
    },
    ...{ limits: [{ op: ">", value: "38", severity: "high" }], wires: [["event"], [], ["answer"]] },
  },
  {
    ...{ id: "event", type: "debug", z: "tab", x: 600, y: 100, name: "event", active: true, console: true, wires: [] },
    ...{ complete: '"<<" & $string(payload) & ">>"', targetType: "jsonata" },
  },
  { id: "answer", type: "http response", z: "tab", x: 600, y: 200, wires: [] },
];

let gateway: RestartableGateway | undefined;
afterEach(() => gateway?.dispose());

const events = (): AlertEvent[] =>
  [...(gateway?.log() ?? "").matchAll(/<<(\{.*?\})>>/g)].map(([, json]) => JSON.parse(json ?? "") as AlertEvent);

async function post<T>(path: string, body: unknown): Promise<T> {
  const response = await fetch(`${gateway?.url}${path}`, {
    ...{ method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) },
  });
  return (await response.json()) as T;
}

const send = (value: number) => post("/readings", [reading(value)]);
const reading = (value: number): Reading => ({
  ...{ deviceId: "pump-1", sensor: "temperature", value, unit: "Cel", timestamp: Date.now(), quality: "good" },
});

describe("an alert rule whose gateway is killed while an alert stands", () => {
  test("goes on with the same occurrence: not raised twice, and cleared", async () => {
    gateway = await RestartableGateway.prepare(flow);
    await gateway.start();
    await send(40);
    await until("the alert is raised", () => events().length === 1);
    const [raised] = events();
    expect(raised).toMatchObject({ event: "raised", state: "ACTIVE", value: 40 });

    // No time to save anything: what the event is about must be on disk already.
    await gateway.kill("SIGKILL");
    await gateway.start();
    const standing = await post<AlertView[]>("/list", {});
    expect(standing).toMatchObject([{ id: raised?.id, occurrenceId: raised?.occurrenceId, state: "ACTIVE" }]);
    await send(41);
    await send(20);
    await until("the alert is cleared", () => events().length > 0);
    expect(events()).toMatchObject([{ event: "cleared", occurrenceId: raised?.occurrenceId, since: raised?.since }]);

    await gateway.kill("SIGKILL");
    await gateway.start();
    expect(await post<AlertView[]>("/list", {})).toEqual([]);
  });
});
