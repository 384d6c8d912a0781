import type { Locator } from "playwright-core";
import type { Editor } from "../support/browser";

interface Place {
  readonly x: number;
  readonly y: number;
}

/** Works on the flow with the mouse. */
export class Canvas {
  constructor(private readonly editor: Editor) {}

  /**
   * Drags a node from the palette.
   * @param x pixels from the left of the canvas
   * @param y pixels from its top
   * @returns the new node's id
   */
  async drag(type: string, x: number, y: number): Promise<string> {
    const { page } = this.editor;
    const before = await this.editor.run<string[]>("ids", type);
    const entry = page.locator(`.red-ui-palette-node[data-palette-type="${type}"]`);
    await entry.scrollIntoViewIfNeeded();
    const chart = await page.locator("#red-ui-workspace-chart").boundingBox();
    if (!chart) throw new Error("the canvas is not visible");
    await entry.hover();
    await page.mouse.down();
    await page.mouse.move(chart.x + x - 40, chart.y + y - 20, { steps: 5 });
    await page.mouse.move(chart.x + x, chart.y + y, { steps: 5 });
    await page.mouse.up();
    await page.waitForFunction(`inPage.ids(${JSON.stringify(type)}).length > ${before.length}`);
    const after = await this.editor.run<string[]>("ids", type);
    return after.find((id) => !before.includes(id))!;
  }

  node(id: string): Locator {
    return this.editor.page.locator(`g.red-ui-flow-node-group[id="${id}"]`);
  }

  /** Draws a wire from an output, counted from 0, to another node's input. */
  async wire(from: string, to: string, output = 0): Promise<void> {
    const { page } = this.editor;
    const start = await centreOf(this.node(from).locator(".red-ui-flow-port-output .red-ui-flow-port").nth(output));
    const end = await centreOf(this.node(to).locator(".red-ui-flow-port-input .red-ui-flow-port"));
    await page.mouse.move(start.x, start.y);
    await page.mouse.down();
    await page.mouse.move(end.x - 20, end.y, { steps: 5 });
    await page.mouse.move(end.x, end.y, { steps: 5 });
    await page.mouse.up();
  }

  async open(id: string): Promise<void> {
    await this.node(id).locator(".red-ui-flow-node").first().dblclick();
    await this.editor.page.locator(".red-ui-tray").last().waitFor();
  }

  async deploy(): Promise<void> {
    await this.editor.page.locator("#red-ui-header-button-deploy").click();
    await this.editor.page.waitForFunction("!inPage.isDirty()");
  }
}

async function centreOf(locator: Locator): Promise<Place> {
  const box = await locator.boundingBox();
  if (!box) throw new Error("not visible");
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}
