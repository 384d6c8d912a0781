import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { program } from "./needs";
import { root } from "./pack";

/** A Chromium of our own that asks nothing of the network. */
export async function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: program("chromium"),
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

export type Theme = "light" | "dark";

/** A page with the Node-RED editor in it, and all that went wrong in it. */
export class Editor {
  /** Uncaught errors and lines on console.error since the editor was opened. */
  readonly errors: string[] = [];

  private constructor(readonly page: Page) {
    page.on("pageerror", (error) => this.errors.push(error.message));
    page.on("console", (line) => {
      if (line.type() === "error") this.errors.push(`${line.text()} (${line.location().url})`);
    });
  }

  static async open(browser: Browser, url: string): Promise<Editor> {
    const context = await browser.newContext({ viewport: { width: 1500, height: 950 }, reducedMotion: "reduce" });
    context.setDefaultTimeout(20_000);
    const editor = new Editor(await context.newPage());
    await editor.page.addInitScript(readFileSync(join(root, "test/support/in-page.js"), "utf8"));
    await editor.page.goto(url);
    await editor.page.waitForFunction("window.inPage && inPage.isReady()", undefined, { timeout: 60_000 });
    // What slides is clicked beside.
    await editor.page.addStyleTag({ content: "* { transition: none !important; animation: none !important }" });
    return editor;
  }

  /** Calls a function of test/support/in-page.js. */
  async run<T>(name: string, ...args: readonly unknown[]): Promise<T> {
    const list = args.map((arg) => JSON.stringify(arg) ?? "undefined").join(", ");
    return (await this.page.evaluate(`inPage.${name}(${list})`)) as T;
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }
}
