import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ModelStore } from "../../lib/model/store";
import type { Editor } from "../support/browser";
import { editing } from "../support/editing";
import type { FlowNode, Gateway } from "../support/gateway";
import { storedTree, treeDocument } from "../support/models";
import { missing } from "../support/needs";
import { reluModel } from "../support/onnx";
import { builtNodes, defaultsOf } from "../support/pack";
import { until } from "../support/red";
import { DialogDriver, takePictures } from "./dialog";

const schemas = new Map(builtNodes().map(({ schema }) => [schema.type as string, schema]));
const node = (id: string, type: string, more: Record<string, unknown>): FlowNode => ({
  ...defaultsOf(schemas.get(type)!),
  ...{ id, type },
  ...more,
});
const FLOW = [
  { id: "tab", type: "tab", label: "Models" },
  node("the-models", "gatewise-models", { name: "Models" }),
  node("n", "gatewise-predict", { z: "tab", x: 200, y: 100, models: "the-models", model: "pump", wires: [[]] }),
] as FlowNode[];

describe.skipIf(missing("chromium"))("the dialogs of models that are deployed", () => {
  const folder = mkdtempSync(join(tmpdir(), "gatewise-uploads-"));
  let editor: Editor;
  let gateway: Gateway;
  let dialog: DialogDriver;

  editing(FLOW, async (opened) => {
    ({ editor, gateway } = opened);
    dialog = new DialogDriver(editor, schemas.get("gatewise-models")!);
    await dialog.open("the-models");
  });
  beforeAll(() => {
    writeFileSync(join(folder, "pump.json"), JSON.stringify(treeDocument()));
    writeFileSync(join(folder, "my relu.onnx"), reluModel());
    writeFileSync(join(folder, "broken.onnx"), reluModel().subarray(0, 50));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const button = (name: string | RegExp) => dialog.root.getByRole("button", { name });
  const input = (label: string) => dialog.root.getByLabel(label, { exact: true });
  const choose = (file: string) => input("Files").setInputFiles(join(folder, file));
  const says = (text: string | RegExp) => dialog.root.getByText(text).waitFor();

  it("import a model, which is listed then", async () => {
    await says("No models yet.");
    await button("Import a model…").click();
    await choose("pump.json");
    expect(await input("Model name").inputValue()).toBe("pump");
    await input("Sensors").fill("temperature, vibration");
    await input("Result").fill("power");
    await input("Unit").fill("W");
    await takePictures(editor, dialog, "models-import");
    await button(/^Import$/).click();
    await says("pump 1 is stored as number 1.");
    await says(/number 1: temperature, vibration → power\. gatewise, .*signed by this gateway/);
  });

  it("import the next version, and go back to the one before when asked twice", async () => {
    await button(/^Import$/).click();
    await says("pump 1 is stored as number 2.");
    await button("Back to number 1").click();
    await button("Back to number 1: sure?").click();
    await says(/^number 1: /);
  });

  it("say why a file is refused", async () => {
    await choose("broken.onnx");
    await input("Model name").fill("broken");
    await button(/^Import$/).click();
    await says(/ONNX Runtime refuses the file/);
    // The answer 400 is a line on the page's console.
    editor.errors.splice(0);
  });

  it("name a model after its file, and remove it when asked twice", async () => {
    await choose("my relu.onnx");
    await input("Model name").fill("");
    await input("Sensors").fill("");
    await button(/^Import$/).click();
    await says("my-relu 1 is stored as number 1.");
    await takePictures(editor, dialog, "models-listed");
    await button("Remove").first().click();
    await button("Remove: sure?").click();
    await dialog.root.getByText("my-relu 1", { exact: true }).waitFor({ state: "detached" });
    expect(editor.errors).toEqual([]);
    await dialog.ok();
  });

  it("show which version runs in place of a current one that does not load, and try that again when asked", async () => {
    const bytes = Buffer.from("{}");
    const broken = { ...storedTree({ name: "pump", version: "2" }), files: [{ name: "model.json", data: bytes }] };
    await new ModelStore({ folder: join(gateway.userDir, "gatewise", "models") }).add(broken);
    dialog = new DialogDriver(editor, schemas.get("gatewise-models")!);
    const standin = /version 1 \(1\) stays in use: .*It is not tried again by itself\./;
    await until(() => gateway.log().includes("stays in use"), "the gateway to try it", 15_000);
    await dialog.open("the-models");
    await says(standin);
    await takePictures(editor, dialog, "models-standin");
    await button("Try it now").click();
    await button("Being tried").waitFor({ state: "detached" });
    await says(standin);
    await button("Try it now").waitFor();
    expect(editor.errors).toEqual([]);
    await dialog.ok();
  });

  it("tell beside a model's name what it takes and gives", async () => {
    dialog = new DialogDriver(editor, schemas.get("gatewise-predict")!);
    await dialog.open("n");
    await says("gatewise, version 2: temperature, pressure → power");
    await takePictures(editor, dialog, "predict-known");
    expect(editor.errors).toEqual([]);
    await dialog.ok();
  });
});
