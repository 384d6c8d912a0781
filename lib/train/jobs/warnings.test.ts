import { describe, expect, it } from "vitest";
import { classWarnings, lifeWarnings, normalWarnings } from "./warnings";

describe("warnings", () => {
  it("tell of few lives, and of a model that knows no more than the mean", () => {
    expect(lifeWarnings(25, 0.8)).toEqual([]);
    expect(lifeWarnings(25, undefined)).toEqual([]);
    expect(lifeWarnings(4, 0.8)[0]).toContain("only 4 lives to learn from");
    expect(lifeWarnings(4, -0.3)).toHaveLength(2);
    expect(lifeWarnings(25, 0)[0]).toContain("hardly better than by the mean life");
  });

  it("tell of classes with few rows, and of those of few units", () => {
    const rows = (label: string, count: number): string[] => new Array(count).fill(label);
    const classes = [...rows("ok", 100), ...rows("worn", 1), ...rows("loose", 30)];
    expect(classWarnings(classes, undefined)).toEqual([
      "classes with fewer than 20 rows are hardly learned: worn (1); add examples of them",
    ]);
    const units = classes.map((label, i) => (label === "loose" ? "pump 1" : `pump ${i % 5}`));
    expect(classWarnings(classes, units)[1]).toContain("loose (1)");
    expect(classWarnings(rows("ok", 100), undefined)).toEqual([]);
  });

  it("tell of few normal rows", () => {
    expect(normalWarnings(60)[0]).toContain("only 60 normal rows");
    expect(normalWarnings(500)).toEqual([]);
  });
});
