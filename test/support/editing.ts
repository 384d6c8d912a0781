import type { Browser } from "playwright-core";
import { afterAll, beforeAll } from "vitest";
import { Editor, launchBrowser } from "./browser";
import { type FlowNode, type Gateway, startGateway } from "./gateway";

interface Editing {
  readonly gateway: Gateway;
  readonly editor: Editor;
}

/** Gives the tests of the block in which it is called a gateway whose editor is open in a browser. */
export function editing(flows: readonly FlowNode[], onOpen: (opened: Editing) => unknown): void {
  let gateway: Gateway | undefined;
  let browser: Browser | undefined;
  beforeAll(async () => {
    gateway = await startGateway(flows.length > 0 ? { flows } : {});
    browser = await launchBrowser();
    await onOpen({ gateway, editor: await Editor.open(browser, gateway.url) });
  });
  afterAll(async () => {
    await browser?.close();
    await gateway?.stop();
  });
}
