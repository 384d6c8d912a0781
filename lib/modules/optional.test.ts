import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { OptionalModuleError, optionalModule } from "./optional";

let userDir: string;

beforeEach(() => {
  userDir = mkdtempSync(join(tmpdir(), "gatewise-modules-"));
});
afterEach(() => rmSync(userDir, { recursive: true, force: true }));

function install(name: string, code: string): void {
  const folder = join(userDir, "node_modules", name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name, version: "1.0.0", main: "index.js" }));
  writeFileSync(join(folder, "index.js"), code);
}

describe("an optional package", () => {
  it("is found in Node-RED's user directory, where its users install packages", async () => {
    install("gatewise-test-present", "module.exports = { answer: 42 };");
    expect(await optionalModule<{ answer: number }>("gatewise-test-present", { userDir })).toMatchObject({
      answer: 42,
    });
  });

  it("that is missing says what to install, where, and what would do instead", async () => {
    const missing = optionalModule("gatewise-test-missing", { userDir, alternative: "use the tool x" });
    await expect(missing).rejects.toThrow(OptionalModuleError);
    await expect(missing).rejects.toThrow(/run "npm install gatewise-test-missing" in Node-RED's user directory/);
    await expect(missing).rejects.toThrow(/; or use the tool x$/);
  });

  it("that is there but broken is not called missing", async () => {
    install("gatewise-test-broken", "require('gatewise-test-nowhere');");
    const broken = optionalModule("gatewise-test-broken", { userDir });
    await expect(broken).rejects.toThrow(/is installed but does not load.*gatewise-test-nowhere/s);
  });
});
