import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isBundle, unpackBundle } from "../../lib/inference/bundle";
import { root } from "../support/pack";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "gatewise-train-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The built command line, as npm links it. */
function gatewise(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(root, "dist/cli/gatewise.js"), ...args],
      { cwd: directory },
      (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
      },
    );
  });
}

function statesFile(): string {
  const rows = Array.from({ length: 200 }, (_, i) => {
    const isBusy = Math.floor(i / 10) % 2 === 1;
    return `${isBusy ? "busy" : "idle"},${(isBusy ? 8 : 2) + (i % 7) / 10},${i % 13}`;
  });
  const path = join(directory, "states.csv");
  writeFileSync(path, `state,current,other\n${rows.join("\n")}\n`);
  return path;
}

describe("gatewise train", () => {
  it("writes a signed model, a report and its plot, tells how far it is and how good it became", async () => {
    const out = join(directory, "models/state");
    const given = ["--data", statesFile(), "--target", "state", "--folds", "2", "--learner", "trees", "--out", out];
    const { code, stdout, stderr } = await gatewise("train", "classifier", ...given);
    expect({ code, stderr: stderr.includes("Error") }).toEqual({ code: 0, stderr: false });
    expect(stderr).toMatch(/\d+ % fold/);
    expect(stdout).toMatch(/accuracy +1/);
    const bundle = readFileSync(`${out}.gwm`);
    expect(isBundle(bundle)).toBe(true);
    const { manifest, files } = unpackBundle(bundle);
    expect(manifest?.sigs).toHaveLength(1);
    const payload = JSON.parse(Buffer.from(manifest?.payload ?? "", "base64url").toString());
    expect(payload).toMatchObject({ name: "state", task: "classification", labels: ["busy", "idle"] });
    expect([...files.keys()]).toEqual(["model.json"]);
    expect(JSON.parse(readFileSync(`${out}.report.json`, "utf8"))).toMatchObject({ task: "classifier", rows: 200 });
    expect(readFileSync(`${out}.report.svg`, "utf8")).toMatch(/^<svg/);
  }, 60_000);

  it("learns what is normal by the forest or the components that are asked for", async () => {
    const out = join(directory, "normal");
    const given = ["--data", statesFile(), "--sensors", "current,other", "--folds", "4", "--out", out];
    const { code, stdout } = await gatewise("train", "anomaly", ...given, "--learner", "components");
    expect(code).toBe(0);
    expect(stdout).toMatch(/threshold +2\n +false_alarms +0/);
    const model = unpackBundle(readFileSync(`${out}.gwm`)).files.get("model.json") ?? [];
    const { kind, members } = JSON.parse(Buffer.from(model).toString());
    expect([kind, members.map((member: { kind: string }) => member.kind)]).toEqual(["rarity", ["subspace"]]);
    const wrong = await gatewise("train", "anomaly", ...given, "--learner", "trees");
    expect(wrong).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("isolation, components, both for anomaly"),
    });
  }, 60_000);

  it("tells the sensors without clocks, and which labels are taken for normal ones", async () => {
    const rows = Array.from({ length: 200 }, (_, i) => `${1_763_640_000 + i},${i % 7},${i % 13},${i < 180 ? 1 : -1}`);
    const file = join(directory, "labels.csv");
    writeFileSync(file, `t,a,b,label\n${rows.join("\n")}\n`);
    const given = ["--data", file, "--target", "label", "--folds", "0", "--learner", "components"];
    const out = ["--out", join(directory, "labels")];
    const { stderr } = await gatewise("train", "anomaly", ...given, ...out);
    expect(stderr).toContain("the labels of label are 1 in 180 rows, -1 in 20 rows");
    expect(await gatewise("train", "anomaly", ...given, ...out, "--normal", "1")).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(
        /^sensors a, b$[\s\S]*left out, name the sensors to keep it: t \(holds times\)$[\s\S]*normal is 1 in 180 rows; known anomalies are -1 in 20 rows/m,
      ),
    });
  }, 60_000);

  it.skipIf(process.platform !== "linux")(
    "says at once that there is no place for a model",
    async () => {
      const given = ["--data", statesFile(), "--out", "/proc/gatewise/states"];
      expect(await gatewise("train", "anomaly", ...given)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("the folder /proc/gatewise cannot be made: /proc takes no new folder"),
      });
    },
    60_000,
  );

  it("gives the same model for the same file and seed", async () => {
    const given = ["--data", statesFile(), "--target", "state", "--folds", "0", "--seed", "7"];
    const files = await Promise.all(
      ["one", "two"].map(async (name) => {
        const out = join(directory, name, "state");
        await gatewise("train", "classifier", ...given, "--out", out);
        return unpackBundle(readFileSync(`${out}.gwm`)).files.get("model.json");
      }),
    );
    expect(files[0]).toBeDefined();
    expect(files[0]).toEqual(files[1]);
  }, 60_000);

  it.each([
    [["fortune"], 2, 'expected rul, classifier, anomaly, got "fortune"'],
    [["rul"], 2, "--data is missing"],
    [["rul", "--data", "none.csv", "--out", "x"], 2, "does not exist"],
    [["rul", "--data", "FILE", "--out", "bad name"], 2, "--out, the name of the model: expected up to 64 letters"],
    [["anomaly", "--data", "FILE", "--out", "/dev/null/x"], 1, "/dev/null"],
    [["rul", "--dta", "x"], 2, "Unknown option '--dta'"],
    [["rul", "--data", "FILE", "--out", "x", "--folds", "many"], 2, '--folds: expected a number, got "many"'],
    [["rul", "--data", "FILE", "--out", "x"], 1, "unit: remaining life needs the column of the unit"],
    [["classifier", "--data", "FILE", "--target", "mood", "--out", "x"], 1, 'no column "mood"; the columns are state'],
  ])("says what is wrong with %j", async (args, code, message) => {
    const file = statesFile();
    const ended = await gatewise("train", ...args.map((arg) => (arg === "FILE" ? file : arg)));
    expect(ended.stderr).toContain(message);
    expect(ended.code).toBe(code);
    expect(existsSync(join(directory, "x.gwm"))).toBe(false);
  });

  it("finds out before it trains that the model could not be stored", async () => {
    const given = ["--data", statesFile(), "--target", "state", "--folds", "2", "--learner", "trees"];
    expect((await gatewise("train", "classifier", ...given, "--out", join(directory, "first"))).code).toBe(0);
    // The key is there, and what is in the way of the lock is met by writing only.
    const lock = join(directory, "gatewise-models/lock.sqlite");
    rmSync(lock);
    mkdirSync(lock);
    const { code, stderr } = await gatewise("train", "classifier", ...given, "--out", join(directory, "second"));
    expect(code).toBe(1);
    expect(stderr).toContain(`${lock} cannot be locked`);
    expect(stderr).not.toContain("fold");
  }, 60_000);

  it("explains itself", async () => {
    expect(await gatewise("train", "--help")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("--hours-per-age"),
    });
    expect(await gatewise()).toMatchObject({ code: 0, stderr: expect.stringContaining("gatewise train") });
    expect(await gatewise("dance")).toMatchObject({ code: 2 });
  });
});
