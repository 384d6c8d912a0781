import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { BEARINGS, FeatureExtractor, type FeatureOptions, Fourier, SpeedProfile } from "../index";
import { sine } from "../test-signals";
import { type AnalysisRequest, type AnalysisResult, AnalysisThread, type AnalysisUser, analysed, MAX_WAITING } from ".";

const folder = mkdtempSync(join(tmpdir(), "gatewise-analysis-"));
/** Stands in for the thread: tells the block's end; ends once at a block of 13 samples, and holds at one of 99 until the file "go" is there. */
const standIn = join(folder, "worker.js");
const go = join(folder, "go");
const users: AnalysisUser[] = [];

beforeAll(() => {
  const served = resolve(__dirname, "../../../dist/lib/workers/serve.js");
  writeFileSync(
    standIn,
    `const { serve } = require(${JSON.stringify(served)});
    const { existsSync, writeFileSync } = require("node:fs");
    const [go, ended] = [${JSON.stringify(go)}, ${JSON.stringify(join(folder, "ended"))}];
    const waitFor = async (file) => { while (!existsSync(file)) await new Promise((next) => setTimeout(next, 2)); };
    serve({ async analyse({ request: { block } }) {
      if (block.samples.length === 13 && !existsSync(ended)) { writeFileSync(ended, ""); process.exit(3); }
      if (block.samples.length === 99) await waitFor(go);
      return { figures: [{ name: "end", value: block.end, unit: "1" }], problems: [], lines: [] };
    } });`,
  );
});
afterEach(async () => {
  await Promise.all(users.splice(0).map((user) => user.leave(0)));
  rmSync(go, { force: true });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function joined(thread: AnalysisThread, options: FeatureOptions = { features: ["rms"] }, restarts: Error[] = []) {
  const user = thread.join({ options }, (reason) => restarts.push(reason));
  users.push(user);
  return user;
}

const request = (end: number, length = 8): AnalysisRequest => ({
  block: { samples: new Float64Array(length), rateHz: 1000, unit: "1", end },
  speed: undefined,
  drawn: false,
});
const endOf = (result: PromiseSettledResult<AnalysisResult> | undefined) =>
  result?.status === "fulfilled" ? result.value.figures[0]?.value : String(result?.reason);

describe("analysis thread", () => {
  it("tells what the same analysis tells here, spectra included", async () => {
    const options: FeatureOptions = {
      features: ["rms", "centroid"],
      orders: [1],
      bearings: [{ name: "", ratios: BEARINGS["SKF 6205"] }],
    };
    const samples = sine(24_000, 12_000, 160, 2);
    const { points } = new SpeedProfile([
      { time: 0, rpm: 1700 },
      { time: 2000, rpm: 1900 },
    ]);
    const asked = { block: { samples, rateHz: 12_000, unit: "[g]", end: 2000 }, speed: points, drawn: true };
    const here = analysed(new FeatureExtractor(options, await Fourier.load()), asked);
    expect(here.lines.map(({ kind, stepUnit }) => [kind, stepUnit])).toContainEqual(["envelope", "order"]);
    const [there] = await joined(new AnalysisThread(), options).analyseAll([asked]);
    expect(there).toEqual({ status: "fulfilled", value: here });
    expect(samples).toHaveLength(24_000);
  });

  it("reports a block that cannot be analysed, and goes on", async () => {
    const user = joined(new AnalysisThread(), { features: [] });
    const results = await user.analyseAll([request(1), request(2)]);
    for (const result of results) expect(endOf(result)).toMatch(/RangeError: features: expected at least one/);
  });

  it("lets users take turns, so that one with much to do does not hold up another", async () => {
    const thread = new AnalysisThread(standIn);
    const [busy, other] = [joined(thread), joined(thread)];
    const order: string[] = [];
    const all = Array.from({ length: 20 }, (_, i) =>
      busy.analyseAll([request(i)]).then(() => void order.push(`busy ${i}`)),
    );
    const one = other.analyseAll([request(0)]).then(() => void order.push("other"));
    await Promise.all([...all, one]);
    expect(order.indexOf("other")).toBeLessThan(5);
    expect(order.filter((name) => name !== "other")).toEqual(Array.from({ length: 20 }, (_, i) => `busy ${i}`));
  });

  it("is replaced when it dies, and does again what it had", async () => {
    const restarts: Error[] = [];
    const user = joined(new AnalysisThread(standIn), { features: ["rms"] }, restarts);
    const results = await user.analyseAll([request(1), request(2, 13), request(3)]);
    expect(results.map(endOf)).toEqual([1, 2, 3]);
    expect(restarts).toHaveLength(1);
  });

  it("takes no more when so much waits, all of a message or nothing, and does what it took", async () => {
    const user = joined(new AnalysisThread(standIn));
    const held = user.analyseAll([request(1, 99), request(2, 99), request(3, MAX_WAITING)]);
    const [refused, alsoRefused] = await user.analyseAll([request(4), request(5)]);
    expect(endOf(refused)).toMatch(/AnalysisBusyError: not analysed: 1 block wait already, they come faster/);
    expect(alsoRefused?.status).toBe("rejected");
    expect(user.unanswered).toBe(3);
    writeFileSync(go, "");
    expect((await held).map(endOf)).toEqual([1, 2, 3]);
    expect((await user.analyseAll([request(6)])).map(endOf)).toEqual([6]);
    expect(user.unanswered).toBe(0);
  });

  it("finishes what was taken before its user goes, and tells what it could not", async () => {
    const thread = new AnalysisThread(standIn);
    const user = joined(thread);
    const all = user.analyseAll([request(1), request(2), request(3)]);
    expect(await user.leave(10_000)).toBe(0);
    expect((await all).map(endOf)).toEqual([1, 2, 3]);
    expect(endOf((await user.analyseAll([request(4)]))[0])).toMatch(/closed before it was analysed/);

    const impatient = joined(thread);
    const held = impatient.analyseAll([request(1, 99), request(2, 99), request(3)]);
    expect(await impatient.leave(0)).toBe(3);
    for (const result of await held) expect(endOf(result)).toMatch(/WorkerClosedError/);
  });
});
