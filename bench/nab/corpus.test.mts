import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { detectorFactory } from "../../lib/detect/index.js";
import { missingData } from "../../test/support/needs.js";
import { keyOf, readCorpus, readLabels } from "./corpus.mjs";
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
    const { files, leftOut } = readCorpus(dir);
    expect(leftOut).toEqual([]);
    expect(files.map(keyOf)).toEqual(["a/z.csv", "b/x.csv"]);
    for (const file of files) {
      expect(file.texts).toEqual(["20.0", "", "-1e3"]);
      expect([...file.values]).toEqual([20, Number.NaN, -1000]);
      expect([...file.times]).toEqual([0, 1, 2].map((hour) => Date.UTC(2014, 3, 1, hour)));
    }
    expect(readLabels(dir, files)).toBeUndefined();
  });

  it("has windows by their first and last row, for the files that the labels name", () => {
    write("data/b/x.csv", hours);
    write("data/b/y.csv", hours);
    const window = ["2014-04-01 01:00:00.000000", "2014-04-01 02:00:00.000000"];
    write("labels/combined_windows.json", JSON.stringify({ "b/x.csv": [window], "b/absent.csv": [] }));
    expect(readLabels(dir, readCorpus(dir).files)).toEqual({
      windows: new Map([["b/x.csv", [{ first: 1, last: 2 }]]]),
      troubles: [],
    });
  });

  it("may have zones, quotes, fractions, blank lines and a mark at its beginning", () => {
    const rows = [
      '"2014-04-01 00:00:00","1"',
      "2014-04-01T01:00:00Z,2",
      "",
      "2014-04-01 04:00:00.123456+02:00,3",
      " , ",
    ];
    write("data/a/z.csv", `\uFEFF"timestamp","value"\n${rows.join("\n")}\n\n`);
    const [file] = readCorpus(dir).files;
    expect([...(file?.times ?? [])]).toEqual(
      [0, 1, 2].map((hour) => Date.UTC(2014, 3, 1, hour, 0, 0, hour === 2 ? 123 : 0)),
    );
    expect([...(file?.values ?? [])]).toEqual([1, 2, 3]);
    expect(file?.stamps[0]).toBe('"2014-04-01 00:00:00"');
  });

  it("goes on without the files that cannot be read, and says why", () => {
    write("data/a/empty.csv", "");
    write("data/a/other.csv", "time,value\n1,2\n");
    write("data/a/when.csv", `${hours}yesterday,2\n`);
    write("data/b/x.csv", hours);
    const { files, leftOut } = readCorpus(dir);
    expect(files.map(keyOf)).toEqual(["b/x.csv"]);
    expect(leftOut).toEqual([
      expect.stringMatching(/empty\.csv: expected columns timestamp and value, got ""/),
      expect.stringMatching(/other\.csv: expected columns timestamp and value, got "time,value"/),
      expect.stringMatching(/when\.csv, line 5: expected a timestamp, got "yesterday"/),
    ]);
  });

  it("goes on without the labels that do not fit, and says which", () => {
    write("data/a/z.csv", hours);
    write("data/b/x.csv", hours);
    const labels = {
      "a/z.csv": [["2015-01-01 00:00:00", "2015-01-02 00:00:00"]],
      // Between rows: those within are meant.
      "b/x.csv": [["2014-04-01 00:30:00", "2014-04-01 05:00:00"]],
      "b/absent.csv": [["2014-04-01 00:00:00", "2014-04-01 01:00:00"]],
    };
    write("labels/combined_windows.json", JSON.stringify(labels));
    expect(readLabels(dir, readCorpus(dir).files)).toEqual({
      windows: new Map([["b/x.csv", [{ first: 1, last: 2 }]]]),
      troubles: [
        "a/z.csv: not scored, none of its rows is in the window 2015-01-01 00:00:00 to 2015-01-02 00:00:00",
        "b/absent.csv: has labels, and no data",
      ],
    });
  });

  it("is refused when there is nothing in it", () => {
    expect(() => readCorpus(join(dir, "data"))).toThrow(/expected a directory/);
    expect(() => readCorpus(dir)).toThrow(/expected folders with CSV files, found none/);
    write("data/a/z.csv", "");
    expect(() => readCorpus(dir)).toThrow(/z\.csv: expected columns/);
    write("data/a/z.csv", hours);
    write("labels/combined_windows.json", "{");
    expect(() => readLabels(dir, readCorpus(dir).files)).toThrow(/combined_windows\.json: .*JSON/);
  });
});

const SHARED = resolve(dirname(fileURLToPath(import.meta.url)), "../../../shared/data/nab");

describe("auto on the public corpus", () => {
  it.skipIf(missingData(SHARED))("reaches what is asked, also with thresholds from other categories", () => {
    const corpus = readCorpus(SHARED).files;
    const windows = readLabels(SHARED, corpus)?.windows;
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
