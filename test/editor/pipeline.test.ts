import { describe, expect, it } from "vitest";
import { schema as alertRule } from "../../nodes/alerts/alert-rule/schema";
import type { Editor } from "../support/browser";
import { editing } from "../support/editing";
import { missing } from "../support/needs";
import { Canvas } from "./canvas";
import { DialogDriver } from "./dialog";

/** What the product is for, as its user does it: with the mouse, from an empty flow to an alert in the debug sidebar. */
describe.skipIf(missing("chromium"))("a pipeline built in the editor", () => {
  let editor: Editor;

  editing([], (opened) => {
    ({ editor } = opened);
  });

  it("is dragged, wired, deployed, and raises an alert", async () => {
    const { page } = editor;
    const canvas = new Canvas(editor);
    const inject = await canvas.drag("inject", 120, 100);
    const filter = await canvas.drag("gatewise-filter", 300, 160);
    const anomaly = await canvas.drag("gatewise-anomaly", 480, 100);
    const rule = await canvas.drag("gatewise-alert-rule", 300, 260);
    const debug = await canvas.drag("debug", 560, 260);

    await canvas.open(inject);
    const topic = page.locator("#node-input-property-container li").nth(1);
    await topic.locator(".red-ui-typedInput-input").last().fill("devices/pump-1/telemetry");
    await page.locator("#node-dialog-ok").click();
    await page.waitForFunction("inPage.trays() === 0");

    await canvas.open(rule);
    const dialog = new DialogDriver(editor, alertRule);
    const limit = dialog.row("limits").locator('[data-gw-column="value"] input');
    expect(await dialog.problem("limits")).toBe("row 1, Limit: must not be empty");
    await limit.fill("38.5");
    expect(await dialog.problem("limits")).toBe("");
    await dialog.ok();

    await canvas.wire(inject, filter);
    await canvas.wire(filter, anomaly);
    await canvas.wire(anomaly, rule);
    await canvas.wire(rule, debug);
    expect(await editor.run("wires")).toEqual([
      [inject, 0, filter],
      [filter, 0, anomaly],
      [anomaly, 0, rule],
      [rule, 0, debug],
    ]);
    await canvas.deploy();

    await canvas.node(inject).locator(".red-ui-flow-node-button-button").click();
    await page.waitForFunction(`inPage.status(${JSON.stringify(rule)}) !== ""`);
    for (const id of [filter, anomaly, rule]) expect(await editor.run("status", id), id).not.toBe("");

    await editor.run("invoke", "core:show-debug-tab");
    const message = page.locator(".red-ui-debug-msg").first();
    await message.waitFor();
    await message.locator(".red-ui-debug-msg-object-handle, .red-ui-debug-msg-row").first().click();
    expect(await message.innerText()).toMatch(/event:\s*"raised"/);
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/pipeline.png` });
    expect(editor.errors).toEqual([]);
  });
});
