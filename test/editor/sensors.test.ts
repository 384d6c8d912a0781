import { describe, expect, it } from "vitest";
import type { Editor } from "../support/browser";
import { editing } from "../support/editing";
import type { FlowNode } from "../support/gateway";
import { missing } from "../support/needs";
import { builtNodes, defaultsOf } from "../support/pack";
import { DialogDriver, takePictures } from "./dialog";

const schemas = new Map(builtNodes().map(({ schema }) => [schema.type as string, schema]));
const node = (id: string, type: string, more: Record<string, unknown>): FlowNode => ({
  ...defaultsOf(schemas.get(type)!),
  ...{ id, type },
  ...more,
});
const FLOW = [
  { id: "tab", type: "tab", label: "Sensors" },
  node("the-bus", "gatewise-bus", { parts: [{ driver: "scd41", place: "", options: "" }] }),
  node("n", "gatewise-sensor", { z: "tab", x: 200, y: 100, bus: "the-bus", wires: [[], []] }),
] as FlowNode[];

describe.skipIf(missing("chromium"))("the dialog of a sensor on a bus that is deployed", () => {
  let editor: Editor;
  let dialog: DialogDriver;

  editing(FLOW, async (opened) => {
    ({ editor } = opened);
    dialog = new DialogDriver(editor, schemas.get("gatewise-sensor")!);
    await dialog.open("n");
  });

  const button = (name: string | RegExp) => dialog.root.getByRole("button", { name });

  it("has a list of parts, searched by what they measure, of the bus's kind", async () => {
    await button("Choose…").click();
    const search = dialog.root.getByRole("textbox", { name: "Search the list of parts" });
    await search.fill("carbon dioxide");
    await button(/^SCD41/).waitFor();
    await takePictures(editor, dialog, "sensor-choose");
    await search.fill("GNSS");
    await dialog.root.getByText("Nothing like that on I2C.").waitFor();
    await search.fill("");
    await search.fill("light");
    await button(/^BH1750/).click();
    expect(await dialog.value("driver")).toBe("bh1750");
    await dialog.root.getByText(/^BH1750 by .*illuminance \(lx\)/).waitFor();
  });

  it("has inputs for the options of the part", async () => {
    await dialog.set("driver", "bme280");
    await dialog.row("driver").locator("input").first().blur();
    await dialog.row("options").getByLabel("Oversampling").selectOption("4");
    expect(JSON.parse(String(await dialog.value("options")))).toEqual({ oversampling: "4" });
    await dialog.row("options").getByLabel("Oversampling").selectOption("1");
    expect(await dialog.value("options")).toBe("{}");
  });

  it("lists who answers on the bus, and takes over the address and the part", async () => {
    await button("Scan").click();
    const found = button(/^0x62: SCD41/);
    await found.waitFor();
    await takePictures(editor, dialog, "sensor-scan");
    await found.click();
    expect(await dialog.value("place")).toBe("0x62");
    expect(await dialog.value("driver")).toBe("scd41");
    expect(editor.errors).toEqual([]);
    await dialog.ok();
  });
});
