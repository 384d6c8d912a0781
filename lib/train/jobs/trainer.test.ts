import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JobProgress } from "./contract";
import { checkedJob } from "./run";
import { trainInWorker } from "./trainer";

let directory: string;
let file: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "gatewise-trainer-"));
  file = join(directory, "rows.csv");
  const rows = Array.from({ length: 400 }, (_, i) => `${i % 2 === 0 ? "a" : "b"},${(i * 7) % 13},${(i * 11) % 17}`);
  writeFileSync(file, `class,x,y\n${rows.join("\n")}\n`);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Only there to end a broken test: threads start slowly on a machine that has much to do. */
const LIMIT_MS = 600_000;
const job = checkedJob({ task: "classifier", name: "slow", target: "class", models: 20, folds: 20 });

describe("training in a thread", () => {
  it(
    "goes one at a time, ends when it is aborted, and lets the next one begin",
    async () => {
      const controller = new AbortController();
      const seen: JobProgress[] = [];
      const begun = Promise.withResolvers<void>();
      const ended = trainInWorker(job, file, {
        signal: controller.signal,
        onProgress(progress) {
          seen.push(progress);
          begun.resolve();
        },
      });
      ended.catch(() => undefined);
      await begun.promise;
      await expect(trainInWorker({ ...job, name: "other" }, file)).rejects.toThrow("the training of slow is under way");
      controller.abort(new Error("enough"));
      await expect(ended).rejects.toThrow("enough");
      expect(seen[0]?.step).toBe("fold 1 of 20");
      const quick = checkedJob({ ...job, models: 1, folds: 0, learner: "trees" });
      const { report } = await trainInWorker(quick, file);
      expect(report.rows).toBe(400);
    },
    LIMIT_MS,
  );

  it(
    "tells what went wrong in it",
    async () => {
      await expect(trainInWorker({ ...job, target: "mood" }, file)).rejects.toThrow('no column "mood"');
      await expect(trainInWorker(job, join(directory, "none.csv"))).rejects.toThrow("ENOENT");
    },
    LIMIT_MS,
  );
});
