import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { detectorFactory } from "../../lib/detect/index.js";
import { missingData } from "../../test/support/needs.js";
import { keyOf, readCorpus, readWindows } from "./corpus.mjs";
import { corpusScore, leaveOneCategoryOut, PROFILES } from "./scoring.mjs";

describe("a corpus in NAB's layout", () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "gatewise-nab-"));
    mkdirSync(join(dir, "data/b"), { recursive: true });
    mkdirSync(join(dir, "data/a"));
    mkdirSync(join(dir, "labels"));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  const write = (name: string, text: string): void => writeFileSync(join(dir, name), text);
  const hours = "timestamp,value\n2014-04-01 00:00:00,20.0\n2014-04-01 01:00:00,\n2014-04-01 02:00:00,-1e3\n";

  it("is read in the order of its names, cells as they came, and what is no number as such", () => {
    write("data/b/x.csv", hours);
    write("data/a/z.csv", hours.replaceAll("\n", "\r\n"));
    write("data/a/readme.txt", "not data");
    const files = readCorpus(dir);
    expect(files.map(keyOf)).toEqual(["a/z.csv", "b/x.csv"]);
    for (const file of files) {
      expect(file.texts).toEqual(["20.0", "", "-1e3"]);
      expect([...file.values]).toEqual([20, Number.NaN, -1000]);
      expect([...file.times]).toEqual([0, 1, 2].map((hour) => Date.UTC(2014, 3, 1, hour)));
    }
    expect(readWindows(dir, files)).toBeUndefined();
  });

  it("has windows by their first and last row, for the files that the labels name", () => {
    write("data/b/x.csv", hours);
    write("data/b/y.csv", hours);
    const window = ["2014-04-01 01:00:00.000000", "2014-04-01 02:00:00.000000"];
    write("labels/combined_windows.json", JSON.stringify({ "b/x.csv": [window], "b/absent.csv": [] }));
    expect(readWindows(dir, readCorpus(dir))).toEqual(new Map([["b/x.csv", [{ first: 1, last: 2 }]]]));
  });

  it("says what is wrong with it", () => {
    expect(() => readCorpus(join(dir, "data"))).toThrow(/expected a directory/);
    write("data/a/z.csv", "time,value\n1,2\n");
    expect(() => readCorpus(dir)).toThrow(/expected columns timestamp and value, got time,value/);
    write("data/a/z.csv", "timestamp,value\nyesterday,2\n");
    expect(() => readCorpus(dir)).toThrow(/z\.csv, line 2: expected a timestamp, got "yesterday"/);
    write("data/a/z.csv", hours);
    write(
      "labels/combined_windows.json",
      JSON.stringify({ "a/z.csv": [["2015-01-01 00:00:00", "2015-01-02 00:00:00"]] }),
    );
    expect(() => readWindows(dir, readCorpus(dir))).toThrow(/a\/z\.csv: the window 2015-01-01 00:00:00/);
  });
});

const SHARED = resolve(dirname(fileURLToPath(import.meta.url)), "../../../shared/data/nab");

describe("auto on the public corpus", () => {
  it.skipIf(missingData(SHARED))("reaches what is asked, also with thresholds from other categories", () => {
    const corpus = readCorpus(SHARED);
    const windows = readWindows(SHARED, corpus);
    const files = corpus.map((file) => ({
      ...file,
      windows: windows?.get(keyOf(file)) ?? [],
      scores: autoScores(file),
    }));
    expect(corpusScore(files, PROFILES.standard).score).toBeGreaterThan(76);
    expect(leaveOneCategoryOut(files, PROFILES.standard)).toBeGreaterThan(68);
  });
});

function autoScores({ values, times }: { values: Float64Array; times: Float64Array }): number[] {
  const detector = detectorFactory({ method: "auto" })();
  return Array.from(values, (value, i) => {
    const timestamp = times[i] as number;
    const { anomaly } = detector.push({ deviceId: "d", sensor: "s", value, unit: "1", timestamp, quality: "good" });
    return anomaly?.isAnomaly ? anomaly.score : 0;
  });
}
