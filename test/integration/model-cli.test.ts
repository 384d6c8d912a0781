import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { treeDocument } from "../support/models";
import { reluModel } from "../support/onnx";
import { root } from "../support/pack";

const program = join(root, "dist/cli/gatewise.js");

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

describe("gatewise model", () => {
  const folder = mkdtempSync(join(tmpdir(), "gatewise-cli-"));
  const file = (name: string): string => join(folder, name);
  const gatewise = (store: string, ...args: string[]): Promise<Ended> =>
    new Promise((resolve) => {
      const command = [program, "model", ...args, "--store", file(store)];
      execFile(process.execPath, command, (error, out, err) => {
        resolve({ code: error ? Number(error.code) : 0, out, err });
      });
    });

  beforeAll(() => {
    writeFileSync(file("my pump.json"), JSON.stringify(treeDocument()));
    writeFileSync(file("relu.onnx"), reluModel());
    writeFileSync(file("half.onnx"), reluModel().subarray(0, 50));
    writeFileSync(file("about.json"), JSON.stringify({ task: "regression", metrics: { rmse: 1.5 } }));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("imports, lists, verifies, goes back and removes", async () => {
    const about = [
      "--sensors",
      "temperature,pressure",
      "--result",
      "power",
      "--unit",
      "W",
      "--about",
      file("about.json"),
    ];
    const imported = await gatewise("a", "import", file("my pump.json"), "--name", "pump", ...about);
    expect(imported).toMatchObject({ code: 0, err: "" });
    expect(imported.out).toMatch(
      /^pump {2}1 {2}#1 {2}gatewise .* temperature,pressure -> power {2}signed by [0-9a-f]{16}/,
    );
    await gatewise("a", "import", file("my pump.json"), "--name", "pump", "--version", "2", ...about);
    expect((await gatewise("a", "import", file("relu.onnx"))).out).toContain("relu  1  #1  onnx");
    expect((await gatewise("a", "activate", "pump", "1")).out).toContain("#1");
    const { out } = await gatewise("a", "list");
    expect(out.trim().split("\n")).toHaveLength(2);
    expect((await gatewise("a", "verify")).out).toContain("pump #1: good\nrelu #1: good");
    expect((await gatewise("a", "retry", "pump")).out).toContain("pump: Node-RED tries pump  1  #1");
    expect(await gatewise("a", "retry", "none")).toMatchObject({
      code: 1,
      err: expect.stringContaining("there is none"),
    });
    expect((await gatewise("a", "remove", "relu")).code).toBe(0);
    expect((await gatewise("a", "list")).out).not.toContain("relu");
  });

  it("says what is wrong, and ends with 1", async () => {
    expect(await gatewise("a", "import", file("half.onnx"))).toMatchObject({
      code: 1,
      err: expect.stringContaining("gatewise: ONNX Runtime refuses the file"),
    });
    expect(await gatewise("a", "import", file("none.onnx"))).toMatchObject({ code: 1 });
    expect((await gatewise("a", "verify", "none")).err).toContain("there is none of this name");
    expect(await gatewise("a", "dance")).toMatchObject({ code: 2, err: expect.stringContaining("Usage:") });
    const [damaged] = readdirSync(file("a/files"));
    for (const name of readdirSync(file("a/files"))) writeFileSync(join(file("a/files"), name), "damaged");
    expect(damaged).toBeDefined();
    expect(await gatewise("a", "verify")).toMatchObject({ code: 1, err: expect.stringContaining("damaged") });
  });

  it("tells its options when asked, and what of an order cannot be understood", async () => {
    expect(await gatewise("a", "--help")).toMatchObject({ code: 0, out: expect.stringContaining("Usage:"), err: "" });
    expect(await gatewise("a", "import", "--help")).toMatchObject({
      code: 0,
      out: expect.stringContaining("--labels"),
    });
    const refused = async (...args: string[]): Promise<string> => {
      const { code, err } = await gatewise("a", ...args);
      expect(code).toBe(2);
      expect(err).toContain("gatewise model --help tells the options");
      return err;
    };
    expect(await refused("activate", "pump", "x")).toContain("expected a whole number from 1, got x");
    expect(await refused("activate", "pump", "1.5")).toContain("expected a whole number from 1, got 1.5");
    expect(await refused("activate", "pump")).toContain("expected a model's name and a number");
    expect(await refused("import", file("my pump.json"), "--sensors", "a", "--rows", "no")).toContain(
      "--rows: expected",
    );
    expect(await refused("list", "--colour")).toContain("Unknown option '--colour'");
  });

  it("carries a model to a gateway that trusts the key, and to no other", async () => {
    await gatewise("b", "import", file("my pump.json"), "--name", "pump");
    expect((await gatewise("b", "export", "pump", "--out", file("pump.gwmodel"))).code).toBe(0);
    const [, key = ""] = (await gatewise("b", "keys")).out.split("  ");
    expect((await gatewise("c", "import", file("pump.gwmodel"))).err).toContain("expected a signature of trusted keys");
    expect((await gatewise("c", "import", file("pump.gwmodel"), "--trust", key)).out).toContain("pump  1  #1");
    expect((await gatewise("c", "list")).out).toContain("CANNOT BE USED");
    expect((await gatewise("c", "list", "--trust", key)).out).toContain("pump  1  #1");
    // One key in 64 begins with a dash, and looks like an option.
    const dashed = "-Cgkyz7k_UCiDSLnQw0Rvk3g1mxQtP0b__Z8vg53ToM";
    expect((await gatewise("c", "list", "--trust", dashed, "--trust", key)).out).toContain("pump  1  #1");
  });
});
