import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { coordinatorAt, memberWith, PLAN, UNITS } from "../../test/support/federation";
import { finite } from "../../test/support/series";
import { checkName } from "../model/manifest";
import { loadPredictor } from "../model/predictors";
import { encodeAnnouncement, type Plan, shapeOf } from "./messages";
import { modelToImport, networkDocument } from "./model-file";
import { Network } from "./network";

describe("a shared model as a file", () => {
  it.each<[string, Plan]>([
    ["linear", PLAN],
    ["logistic", { ...PLAN, kind: "yesNo" }],
    ["with hidden layers", { ...PLAN, hidden: [5, 3] }],
    ["yes or no with hidden layers", { ...PLAN, kind: "yesNo", hidden: [4] }],
  ])("gives what the clients predict: %s", (_name, plan) => {
    const network = new Network(shapeOf(plan));
    const parameters = Float32Array.from({ length: network.parameterCount }, (_, i) => Math.sin(3 * i + 1));
    const { announcement } = coordinatorAt({ now: 0 }, { plan });
    if (!announcement?.scale) throw new Error("no announcement");
    const member = memberWith("a", [], plan);
    member.hear(encodeAnnouncement({ ...announcement, task: "done", parameters }));
    const predictor = loadPredictor(
      JSON.parse(JSON.stringify(networkDocument({ plan, scale: announcement.scale, parameters }))),
    );
    fc.assert(
      fc.property(finite(-50, 200), finite(-1e6, 1e6), (load, speed) => {
        const row = Float64Array.of(load, speed);
        const expected = member.predict(row) as number;
        expect(Math.abs((predictor.predict(row, 1)[0] as number) - expected)).toBeLessThan(
          1e-4 * (1 + Math.abs(expected)),
        );
      }),
    );
  });

  it("names the unit of what it tells, where it is known", () => {
    const outputOf = (kind: "number" | "yesNo", units?: string[]) => {
      const scale = { mean: [0, 0, 0], deviation: [1, 1, 1] };
      const model = { plan: { ...PLAN, kind }, scale, parameters: new Float32Array(3), ...(units && { units }) };
      return modelToImport("g", "1", model).outputs[0];
    };
    expect(outputOf("number", UNITS)).toEqual({ sensor: "temperature.predicted", unit: "Cel", role: "value" });
    expect(outputOf("number", ["", "", ""])).not.toHaveProperty("unit");
    expect(outputOf("number")).not.toHaveProperty("unit");
    expect(outputOf("yesNo", UNITS)).toMatchObject({ unit: "1" });
  });

  it("says what it takes and gives, under a name that a model may have", () => {
    const shared = { plan: PLAN, scale: { mean: [0, 0, 0], deviation: [1, 1, 1] }, parameters: new Float32Array(3) };
    expect(modelToImport("boilers", "12", shared)).toMatchObject({
      ...{ name: "boilers", version: "12", format: "gatewise", task: "regression" },
      preprocess: { sensors: ["load", "speed"], length: 1 },
      outputs: [{ sensor: "temperature.predicted" }],
      files: { "model.json": { kind: "network" } },
    });
    for (const group of ["hall 3: boilers", "…", "x".repeat(100), "a.", ".."]) {
      expect(checkName("model", modelToImport(group, "1", shared).name)).toBeTruthy();
    }
  });
});
