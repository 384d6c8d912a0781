import { afterEach, describe, expect, it } from "vitest";
import { until } from "../../../test/support/red";
import { processRows, readingsOfRows } from "../../../test/support/rows";
import { seededRandom } from "../../train/random";
import { WorkerClosedError } from "../../workers/errors";
import { type MultivariateFactory, multivariateFactory } from "./index";
import { averagePath, fitIsolationForest, isolationContributions, isolationScore } from "./isolation-forest";
import { IsolationWindow } from "./isolation-window";

const OPTIONS = { trees: 100, sample: 256, contamination: 0.1, seed: 1 };

function cloud(count: number, seed: number): Float64Array[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => Float64Array.of(random.normal(), random.normal(), random.normal()));
}

describe("isolation forest", () => {
  it("knows the mean path of an unsuccessful search", () => {
    // Equation 1 of Liu et al. 2008 with H(i) = ln(i) + Euler's constant; python: 2*(log(255)+euler_gamma) - 2*255/256.
    expect(averagePath(256)).toBeCloseTo(10.24477092, 8);
    expect([averagePath(0), averagePath(1), averagePath(2)]).toEqual([0, 0, 1]);
  });

  it("scores usual points about 0.5 or less, and a far one far above", () => {
    const points = cloud(500, 1);
    const model = fitIsolationForest(points, OPTIONS);
    expect(isolationScore(model, Float64Array.of(0, 0, 0))).toBeLessThan(0.45);
    expect(isolationScore(model, Float64Array.of(0, 8, 0))).toBeGreaterThan(0.55);
    const shares = isolationContributions(model, Float64Array.of(0, 8, 0));
    expect(shares[1]).toBeGreaterThan(2 * Math.max(shares[0]!, shares[2]!));
  });

  it("calls the share of its points anomalies that it is told", () => {
    const points = cloud(400, 2);
    for (const contamination of [0.02, 0.1, 0.3]) {
      const model = fitIsolationForest(points, { ...OPTIONS, contamination });
      const share = points.filter((point) => isolationScore(model, point) > model.limit).length / points.length;
      expect(Math.abs(share - contamination)).toBeLessThan(0.01);
    }
  });

  it("is the same for the same seed and another for another", () => {
    const points = cloud(100, 3);
    expect(fitIsolationForest(points, OPTIONS)).toEqual(fitIsolationForest(points, OPTIONS));
    expect(fitIsolationForest(points, { ...OPTIONS, seed: 2 })).not.toEqual(fitIsolationForest(points, OPTIONS));
  });

  it("takes equal points, and one that is not", () => {
    const model = fitIsolationForest(new Array(50).fill(Float64Array.of(1, 2)), OPTIONS);
    expect(isolationScore(model, Float64Array.of(1, 2))).toBeCloseTo(0.5, 12);
    expect(isolationScore(model, Float64Array.of(1, 3))).toBeGreaterThan(0.9);
    expect([...isolationContributions(model, Float64Array.of(1, 3))].map((share) => share > 0)).toEqual([false, true]);
  });
});

describe("refitting", () => {
  let factory: MultivariateFactory | undefined;
  afterEach(() => factory?.close());

  const SENSORS = ["a", "b", "c"];
  const OPTIONS_OF_DEVICE = { method: "isolationForest", sensors: SENSORS, isolationWindow: 60, refit: 30 } as const;

  it("happens in a worker thread while rows go on, and the forest before serves meanwhile", async () => {
    factory = multivariateFactory(OPTIONS_OF_DEVICE);
    const detector = factory();
    const rows = processRows(4000, 1);
    let row = 0;
    let judged = 0;
    const push = (): void => {
      const input = readingsOfRows([rows[row % rows.length]!], SENSORS, row * 1000);
      if (input.map((reading) => detector.push(reading)).some((reading) => reading.anomaly)) judged += 1;
      row += 1;
    };
    for (let i = 0; i < 90; i++) push();
    // Nothing can have come from the thread without the event loop's turn.
    expect(judged).toBe(0);
    await until(() => {
      push();
      return judged > 100;
    }, "verdicts of a fitted forest");
    const before = judged;
    // A refit is asked for in between, and not one row goes without a verdict.
    for (let i = 0; i < 60; i++) push();
    expect(judged).toBe(before + 60);
  });

  it("that fails is told, and the forest before stays", async () => {
    const problems: string[] = [];
    let fails = false;
    factory = multivariateFactory(OPTIONS_OF_DEVICE, {
      fitter: async (points, options) => {
        if (fails) throw new Error("no thread");
        return fitIsolationForest(points, options);
      },
      onProblem: (error) => problems.push(error.message),
    });
    const detector = factory();
    const rows = readingsOfRows(processRows(600, 2), SENSORS);
    let at = 0;
    const push = (count: number): number => {
      const judged = rows.slice(at, at + 3 * count).map((reading) => detector.push(reading));
      at += 3 * count;
      return judged.filter((reading) => reading.anomaly).length;
    };
    push(60 + 60);
    await until(() => push(1) > 0 || at > 1500, "the first forest");
    fails = true;
    push(60);
    await until(() => problems.length > 0, "the failure");
    expect(problems[0]).toBe("no thread");
    expect(push(20)).toBe(20);
  });
});

describe("an isolation forest that is being fitted when its node closes", () => {
  it("is no problem, and is fitted at the next start", async () => {
    const problems: Error[] = [];
    const closed = Promise.reject(new WorkerClosedError("isolation-forest: closed"));
    const options = { sensors: 1, window: 20, refit: 10, trees: 10, contamination: 0.1, seed: 1 };
    const onProblem = (error: Error): void => void problems.push(error);
    const before = new IsolationWindow({ ...options, fitter: () => closed, onProblem });
    for (let i = 0; i < 20; i++) before.learn(Float64Array.of(i));
    await closed.catch(() => undefined);
    await new Promise(setImmediate);
    expect(problems).toEqual([]);
    const after = new IsolationWindow({ ...options, fitter: fitIsolationForest, onProblem });
    after.restore(JSON.parse(JSON.stringify(before.snapshot())));
    expect(after.score(Float64Array.of(100))).toBeGreaterThan(0.5);
  });
});
