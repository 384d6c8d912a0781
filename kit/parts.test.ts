import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { literal } from "./editor/literal";
import { InputQueue } from "./input-queue";
import { PerSeries } from "./per-series";
import type { RedNodeStatus } from "./red";
import { Status } from "./status";

describe("Status", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("is sent at most twice a second, on change, and the latest always arrives", () => {
    const sent: (RedNodeStatus & { at: number })[] = [];
    const status = new Status({ status: (shown) => sent.push({ ...shown, at: Date.now() }) }, () => Date.now());
    for (let step = 0; step < 1000; step += 1) {
      status.ok(`${step} readings`);
      vi.advanceTimersByTime(2);
    }
    status.error("gone");
    vi.advanceTimersByTime(1000);
    status.error("gone");
    vi.advanceTimersByTime(1000);
    expect(sent.length).toBeLessThanOrEqual(6);
    for (let index = 1; index < sent.length; index += 1) {
      expect((sent[index]?.at ?? 0) - (sent[index - 1]?.at ?? 0)).toBeGreaterThanOrEqual(500);
    }
    expect(sent.filter((shown) => shown.text === "gone")).toHaveLength(1);
    expect(sent.at(-1)).toMatchObject({ fill: "red", text: "gone" });
  });

  it("of a closed node writes nothing over its successor's", () => {
    const sent: RedNodeStatus[] = [];
    const status = new Status({ status: (shown) => sent.push(shown) }, () => Date.now());
    status.ok("one");
    status.ok("two");
    status.close();
    vi.advanceTimersByTime(5000);
    expect(sent).toEqual([{ fill: "green", shape: "dot", text: "one" }]);
  });
});

describe("InputQueue", () => {
  it("has no more in work than its limit, keeps the order, and turns away what exceeds its room", async () => {
    const queue = new InputQueue(2, 3);
    const began: number[] = [];
    const gates: (() => void)[] = [];
    const add = (index: number) =>
      queue.add(() => {
        began.push(index);
        return new Promise<void>((resolve) => gates.push(resolve));
      });
    expect([0, 1, 2, 3, 4, 5].map(add)).toEqual([true, true, true, true, true, false]);
    expect(began).toEqual([0, 1]);
    gates[1]?.();
    await Promise.resolve();
    await Promise.resolve();
    expect(began).toEqual([0, 1, 2]);
    expect(queue.waiting).toBe(2);
  });
});

describe("PerSeries", () => {
  const reading = (sensor: string) => ({ deviceId: "d", sensor });
  const counter = () => ({
    count: 0,
    snapshot() {
      return this.count;
    },
    restore(state: unknown) {
      if (typeof state !== "number") throw new Error("not a number");
      this.count = state;
    },
  });

  class Saved {
    readonly states = new Map<string, unknown>();
    load(key: string): unknown {
      return this.states.get(key);
    }
    saves = 0;
    save(entries: Iterable<readonly [string, unknown]>): number {
      this.saves += 1;
      let characters = 0;
      for (const [key, state] of entries) {
        if (state === undefined) this.states.delete(key);
        else this.states.set(key, state);
        characters += JSON.stringify(state ?? "").length;
      }
      return characters;
    }
    names(): readonly string[] {
      return [...this.states.keys()];
    }
    clear(): void {
      this.states.clear();
    }
  }

  it("continues each series where it was saved", async () => {
    const saved = new Saved();
    const before = new PerSeries(counter, saved, () => {});
    before.of(reading("a")).count = 5;
    await before.save();
    const after = new PerSeries(counter, saved, () => {});
    expect(after.of(reading("a")).count).toBe(5);
    expect(after.of(reading("b")).count).toBe(0);
  });

  it("tells of what sleeps in the store, and shows it without waking it", () => {
    const saved = new Saved();
    for (const key of ["d/a", "d/b"]) saved.states.set(key, 3);
    const states = new PerSeries(counter, saved, () => {});
    states.of(reading("a"));
    expect(states.asleep()).toEqual(["d/b"]);
    expect(states.stored("d/b").count).toBe(3);
    expect([states.size, states.asleep()]).toEqual([1, ["d/b"]]);
    expect(new PerSeries(counter, undefined, () => {}).asleep()).toEqual([]);
  });

  it("saves a state that has to go, so that its series continues when it comes back", () => {
    const saved = new Saved();
    const states = new PerSeries(counter, saved, () => {}, { cap: 1 });
    states.of(reading("a")).count = 7;
    states.of(reading("b"));
    expect(states.size).toBe(1);
    expect(states.of(reading("a")).count).toBe(7);
  });

  it("turns away what finds all places in use, instead of letting none learn anything", () => {
    let now = 0;
    let refused = 0;
    const gone: string[] = [];
    const states = new PerSeries(counter, undefined, () => {}, {
      cap: 5,
      kept: "devices",
      now: () => now,
      onNoRoom: () => {
        refused += 1;
      },
      onEvict: (key) => void gone.push(key),
    });
    for (; now < 300 * 60_000; now += 60_000) {
      for (const key of ["a", "b", "c", "d", "e", "f"]) {
        const state = states.admit(key);
        if (state) state.count += 1;
      }
    }
    expect([...states.states()].map(([key, { count }]) => `${key} ${count}`).sort()).toEqual(
      ["a", "b", "c", "d", "e"].map((key) => `${key} 300`),
    );
    expect([refused, states.evicted, states.problem]).toEqual([300, 0, "room for 5 devices, 1 more left out"]);
    // c is taken away; a day later f has its place.
    for (; now < 30 * 3_600_000; now += 60_000) for (const key of ["a", "b", "d", "e", "f"]) states.admit(key);
    expect(states.peek("f")).toBeDefined();
    expect(gone).toEqual(["c"]);
    expect(states.problem).toBeUndefined();
    // Nor is one spoken of that has stopped asking.
    states.admit("g");
    expect(states.problem).toContain("1 more");
    now += 25 * 3_600_000;
    expect(states.problem).toBeUndefined();
    states.admit("h");
    states.forget("h");
    expect(states.problem).toBeUndefined();
  });

  it("saves only what changed", async () => {
    const saved = new Saved();
    const states = new PerSeries(counter, saved, () => {});
    states.of(reading("a"));
    await states.save();
    saved.states.clear();
    states.peek("d/a");
    await states.save();
    expect(saved.states.size).toBe(0);
  });

  it("lets other work run between states that take long to save, however few they are", async () => {
    const saved = new Saved();
    let now = 0;
    const clock = vi.spyOn(performance, "now").mockImplementation(() => now);
    const slow = () => ({
      snapshot() {
        now += 8;
        return "12345678";
      },
    });
    const states = new PerSeries(slow, saved, () => {});
    for (const sensor of ["a", "b", "c", "d", "e"]) states.of(reading(sensor));
    let turns = 0;
    const turn = (): void => {
      turns += 1;
      if (saved.saves < 3) setImmediate(turn);
    };
    setImmediate(turn);
    expect(await states.save()).toBe(50);
    clock.mockRestore();
    expect(saved.saves).toBe(3);
    expect(turns).toBeGreaterThanOrEqual(2);
    expect([...saved.states.keys()]).toHaveLength(5);
  });

  it("does not bring back what was forgotten while it was being saved", async () => {
    const saved = new Saved();
    const clock = vi.spyOn(performance, "now").mockImplementation(() => Number.POSITIVE_INFINITY);
    const states = new PerSeries(counter, saved, () => {});
    for (const sensor of ["a", "b", "c"]) states.of(reading(sensor)).count = 1;
    const saving = states.save();
    states.forget("d/b");
    await saving;
    expect([...saved.states.keys()].sort()).toEqual(["d/a", "d/c"]);
    for (const sensor of ["a", "b", "c"]) states.of(reading(sensor)).count = 2;
    const again = states.save();
    states.clear();
    await again;
    clock.mockRestore();
    expect(saved.states.size).toBe(0);
  });

  it("saves the other states when one cannot be told", async () => {
    const saved = new Saved();
    const problems: string[] = [];
    const states = new PerSeries(counter, saved, (problem) => problems.push(problem));
    for (const sensor of ["a", "b", "c"]) states.of(reading(sensor)).count = 1;
    states.of(reading("b")).snapshot = () => {
      throw new Error("too deep");
    };
    states.saveNow();
    expect([...saved.states.keys()].sort()).toEqual(["d/a", "d/c"]);
    expect(problems).toEqual(["the state of d/b cannot be saved: too deep"]);
  });

  it("starts afresh from a state that cannot be used, and says so", () => {
    const saved = new Saved();
    saved.states.set("d/a", "rubbish");
    const problems: string[] = [];
    const states = new PerSeries(counter, saved, (problem) => problems.push(problem));
    expect(states.of(reading("a")).count).toBe(0);
    expect(problems).toEqual(["the saved state of d/a cannot be used and starts afresh: not a number"]);
  });

  it("works on in memory when the store fails", async () => {
    const broken = {
      load: () => {
        throw new Error("disk full");
      },
      save: () => {
        throw new Error("disk full");
      },
      names: () => {
        throw new Error("disk full");
      },
      clear: () => {
        throw new Error("disk full");
      },
    };
    const problems: string[] = [];
    const states = new PerSeries(counter, broken, (problem) => problems.push(problem));
    states.of(reading("a")).count = 3;
    await states.save();
    states.saveNow();
    expect(states.of(reading("a")).count).toBe(3);
    expect(problems).toContain("states are not saved: disk full");
  });
});

describe("literal", () => {
  it.each([
    [{ value: "a", list: [1, true, { x: "y" }], none: undefined }, "{ value: 'a', list: [1, true, { x: 'y' }] }"],
    ['it\'s "so"', "'it\\'s \"so\"'"],
    ["</script>", "'<\\/script>'"],
    ["a\\b\nc", "'a\\\\b\\nc'"],
    [[], "[]"],
  ])("writes %j", (value, text) => {
    expect(literal(value)).toBe(text);
    expect(new Function(`return ${text}`)()).toEqual(JSON.parse(JSON.stringify(value)));
  });
});
