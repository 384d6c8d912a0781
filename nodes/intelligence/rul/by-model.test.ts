import { describe, expect, it } from "vitest";
import { metricsOfNodes } from "../../../kit";
import type { NodeMessage } from "../../../kit/red";
import type { ModelOutput, NewModel } from "../../../lib/model/contract";
import type { Reading } from "../../../lib/reading";
import { statusOf } from "../../../test/support/hooks";
import { modelsOfEachTest } from "../../../test/support/model-flow";
import { storedTree, treeDocument } from "../../../test/support/models";
import { messagesAt, nodeOf, startFlow, until } from "../../../test/support/red";
import { reading } from "../../../test/support/series";
import models from "../models/models";
import rul from "./rul";

const temporary = modelsOfEachTest();

const LIFE: ModelOutput = { name: "output", shape: [-1, 1], type: "float64", sensor: "rul", unit: "h" };
const life = (over: Partial<ModelOutput> = {}): Partial<NewModel> => ({ task: "rul", outputs: [{ ...LIFE, ...over }] });

interface Running {
  readonly out: NodeMessage[];
  readonly caught: NodeMessage[];
}

/** A model that answers 100 up to 10 degrees, and 20 beyond. */
async function runWith(over: Partial<NewModel>, config: Record<string, unknown> = {}): Promise<Running> {
  await temporary.store().add(storedTree(over, treeDocument(100, 20)));
  await startFlow(
    [models, rul],
    [
      { id: "models", type: "gatewise-models", z: "", version: 1, folder: temporary.folder },
      {
        ...{ id: "n", type: "gatewise-rul", version: 1, method: "model", models: "models", model: "tree", every: 0 },
        wires: [["out"], []],
        ...config,
      },
      { id: "out", type: "helper" },
      { id: "catch", type: "catch", scope: ["n"], wires: [["caught"]] },
      { id: "caught", type: "helper" },
    ],
  );
  return { out: messagesAt("out"), caught: messagesAt("caught") };
}

const readingsOf = (messages: readonly NodeMessage[]) => messages.flatMap(({ payload }) => payload as Reading[]);
const row = (temperature: Reading["value"], timestamp: number, over: Partial<Reading> = {}): Reading[] => [
  reading(temperature, timestamp, over),
  reading(1, timestamp, { sensor: "pressure", unit: "bar" }),
];
const errorOf = (msg: NodeMessage | undefined): string =>
  String((msg?.error as { message: string } | undefined)?.message);

describe("remaining life by a model", () => {
  it("is told in hours, and recommends maintenance", async () => {
    const { out, caught } = await runWith(life());
    nodeOf("n").receive({ payload: [...row(5, 1000), ...row(15, 2000)] });
    await until(() => out.length === 1, "the lives");
    expect(readingsOf(out)).toMatchObject([
      { sensor: "rul", value: 100, unit: "h", quality: "good" },
      { sensor: "maintenance_recommended", value: false },
      { sensor: "rul", value: 20 },
      { sensor: "maintenance_recommended", value: true },
    ]);
    // There is no output for the ends of an interval: none are told.
    expect(readingsOf(out)[0]?.prediction).toEqual({ model: "tree", value: 100, unit: "h" });
    expect(caught).toEqual([]);
    nodeOf("n").receive({ command: "reset" });
    await until(() => out.length === 2, "the end of the recommendation");
    expect(readingsOf(out.slice(1))).toMatchObject([{ sensor: "maintenance_recommended", value: false }]);
  });

  it("says what it cannot use, and goes on with the others", async () => {
    const { out, caught } = await runWith(life());
    const bad = reading(null, 500, { quality: "bad" });
    nodeOf("n").receive({ payload: [bad, reading("warm", 600), ...row(5, 1000), ...row(6, 900), ...row(15, 2000)] });
    await until(() => out.length === 1 && caught.length === 1, "both");
    expect(errorOf(caught[0])).toMatch(
      /3 of 8 refused: d1\/temperature: expected a number or boolean, got "warm"; and 2/,
    );
    expect(readingsOf(out).filter(({ sensor }) => sensor === "rul")).toHaveLength(2);
    expect(metricsOfNodes.of("n")?.counts).toMatchObject({ "bad readings": 1 });
    await until(() => statusOf("n") === "1 device, d1: 20.0 h left; left out: 1 bad readings", "the status");
  });

  it("is as uncertain as what it is made of", async () => {
    const { out } = await runWith(life());
    nodeOf("n").receive({ payload: [...row(5, 1, { quality: "uncertain" }), ...row(5, 2)] });
    await until(() => out.length === 1, "the lives");
    expect(readingsOf(out).map(({ quality }) => quality)).toEqual(["uncertain", "uncertain", "good", "good"]);
  });

  it("makes what comes meanwhile wait for a model that is being loaded", async () => {
    const { out, caught } = await runWith({ ...life(), name: "other" });
    await until(() => statusOf("n") !== "", "the missing model");
    await temporary.store().add(storedTree(life(), treeDocument(100, 20)));
    await until(() => /^loading tree$|ready$/.test(statusOf("n")), "the model on its way");
    nodeOf("n").receive({ payload: row(5, 1) });
    await until(() => out.length === 1, "the life");
    expect(caught).toEqual([]);
  });

  it.each([
    ["min", 100 / 60],
    ["d", 2400],
    ["wk", 16_800],
    ["mo", 73_050],
    ["a", 876_600],
    ["1", 50],
    ["{cycles}", 50],
  ])("understands the unit %s", async (unit, hours) => {
    const { out } = await runWith(life({ unit }), { modelHours: 0.5 });
    nodeOf("n").receive({ payload: row(5, 1) });
    await until(() => out.length === 1, "the life");
    expect(readingsOf(out)[0]?.value).toBeCloseTo(hours, 2);
  });

  it.each<[Partial<NewModel>, RegExp]>([
    [
      { task: "anomaly", outputs: [LIFE] },
      /model tree is of the task anomaly: remaining life needs one of the task rul/,
    ],
    [
      life({ unit: "Cel" }),
      /model tree answers in Cel, which is no unit of time: expected ms, s, min, h, d, wk, mo, a, or 1/,
    ],
  ])("is not taken from %j", async (over, reason) => {
    const { out, caught } = await runWith(over);
    nodeOf("n").receive({ payload: row(5, 1) });
    await until(() => caught.length === 1, "the error");
    expect(errorOf(caught[0])).toMatch(reason);
    expect(out).toEqual([]);
  });
});
