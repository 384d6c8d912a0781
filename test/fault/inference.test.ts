import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Models } from "../../lib/inference";
import { DeviceInput, inputSpec, predictionsOf, type Sample } from "../../lib/inference/readings";
import { storedTree, TemporaryModels, treeDocument } from "../support/models";
import { reading } from "../support/series";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** A day of rows, ten a second, of 100 devices. */
const ROWS = 864_000;
const BATCH = 1000;
const DEVICES = 100;

describe("a day of predictions", () => {
  let temporary: TemporaryModels;
  let models: Models;
  beforeEach(() => {
    temporary = new TemporaryModels();
    models = new Models({ folder: temporary.folder });
  });
  afterEach(async () => {
    await models.close();
    temporary.remove();
  });

  it("leaves the heap as it was, also over new versions", async () => {
    await models.add(storedTree());
    const use = await models.inference.use("tree", { policy: "block", capacity: BATCH });
    const spec = inputSpec(use.model.manifest)!;
    const devices = Array.from({ length: DEVICES }, () => new DeviceInput(spec));
    const heaps: number[] = [];
    let right = 0;
    for (let row = 0; row < ROWS; row += BATCH) {
      const samples = Array.from({ length: BATCH }, (_, i) => sampleOf(devices, row + i));
      const { manifest } = use.model;
      const answers = await use.runAll(samples.map(({ inputs }) => ({ inputs })));
      for (const [i, answer] of answers.entries()) {
        if (answer.status !== "fulfilled" || !answer.value) continue;
        const [only] = predictionsOf(manifest, answer.value, samples[i]!);
        if (only?.value === ((row + i) % 20 <= 10 ? 1 : 2)) right += 1;
      }
      if (row % (ROWS / 12) !== 0) continue;
      collectGarbage();
      heaps.push(process.memoryUsage().heapUsed);
      await models.add(storedTree({ version: `${row}` }, treeDocument()));
    }
    expect(right).toBe(ROWS);
    expect(use.restarts).toBe(0);
    // The first third warms up: code, buffers, the test's own lists.
    const early = Math.max(...heaps.slice(0, 4));
    const late = Math.min(...heaps.slice(-4));
    expect(late - early).toBeLessThan(5e6);
  });
});

function sampleOf(devices: readonly DeviceInput[], row: number): Sample {
  const deviceId = `device-${row % DEVICES}`;
  const device = devices[row % DEVICES]!;
  device.push(reading(row % 20, row * 100, { deviceId }));
  return device.push(reading(1, row * 100, { deviceId, sensor: "pressure" }))!;
}
