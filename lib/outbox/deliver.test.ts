import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deliver } from "./deliver";
import { WriteError } from "./write-error";

/** A target that stores the good lines of a write and answers as InfluxDB 1.x, 2.x or 3.x does to the bad ones. */
class Target {
  readonly stored: string[] = [];
  requests = 0;

  constructor(
    private readonly isBad: (line: string) => boolean,
    private readonly style: "counts" | "silent" | "names",
    private readonly maxLines = Number.POSITIVE_INFINITY,
  ) {}

  readonly write = async (text: string, count: number): Promise<void> => {
    this.requests += 1;
    const lines = text.trimEnd().split("\n");
    expect(lines).toHaveLength(count);
    if (lines.length > this.maxLines) throw new WriteError("too-large", "413");
    for (const line of lines) if (!this.isBad(line) && !this.stored.includes(line)) this.stored.push(line);
    const bad = lines.flatMap((line, index) => (this.isBad(line) ? [{ index, reason: `bad ${line}` }] : []));
    if (bad.length === 0) return;
    if (this.style === "names") throw new WriteError("points", "partial write", { rejected: bad.slice(0, 2) });
    throw new WriteError("points", "partial write", this.style === "counts" ? { rejectedCount: bad.length } : {});
  };
}

const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join("");

describe("deliver", () => {
  it.each(["counts", "silent", "names"] as const)(
    "writes every good line and finds every bad one (%s)",
    async (style) => {
      await fc.assert(
        fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 50 }), async (flags) => {
          const lines = flags.map((bad, index) => `${bad ? "bad" : "good"}-${index}`);
          const target = new Target((line) => line.startsWith("bad"), style);
          const rejected = await deliver(text(lines), lines.length, target.write);
          expect(rejected.map(({ line }) => line).sort()).toEqual(
            lines.filter((line) => line.startsWith("bad")).sort(),
          );
          expect([...target.stored].sort()).toEqual(lines.filter((line) => line.startsWith("good")).sort());
        }),
      );
    },
  );

  it("finds one bad line of 4096 with two requests a halving", async () => {
    const lines = Array.from({ length: 4096 }, (_, index) => String(index));
    const target = new Target((line) => line === "1234", "silent");
    expect(await deliver(text(lines), lines.length, target.write)).toEqual([{ line: "1234", reason: "partial write" }]);
    expect(target.requests).toBe(1 + 2 * 12);
  });

  it("needs one request to learn that all lines are bad when the server counts them", async () => {
    const lines = Array.from({ length: 500 }, (_, index) => String(index));
    const target = new Target(() => true, "counts");
    expect(await deliver(text(lines), lines.length, target.write)).toHaveLength(500);
    expect(target.requests).toBe(1);
  });

  it("halves what is too large, and sets a line aside that is too large alone", async () => {
    const lines = ["a", "b", "c", "d", "e"];
    const target = new Target(() => false, "silent", 2);
    expect(await deliver(text(lines), 5, target.write)).toEqual([]);
    expect(target.stored).toEqual(lines);
    const closed = new Target(() => false, "silent", 0);
    expect(await deliver(text(["a"]), 1, closed.write)).toEqual([{ line: "a", reason: "413" }]);
  });

  it.each(["unreachable", "denied"] as const)(
    "gives up the whole batch for later when the target is %s",
    async (failure) => {
      let requests = 0;
      const write = async (): Promise<void> => {
        requests += 1;
        throw requests === 1 ? new WriteError("points", "partial") : new WriteError(failure, "gone");
      };
      await expect(deliver("a\nb\n", 2, write)).rejects.toMatchObject({ failure });
      expect(requests).toBe(2);
    },
  );

  it("does not believe a server that names lines which were not sent", async () => {
    const write = async (lines: string): Promise<void> => {
      if (lines.includes("bad")) throw new WriteError("points", "odd", { rejected: [{ index: 77, reason: "?" }] });
    };
    expect(await deliver("good\nbad\n", 2, write)).toEqual([{ line: "bad", reason: "odd" }]);
  });
});
