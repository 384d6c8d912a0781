import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { IN_MEMORY, openStore, type Store } from "../store";
import { Outbox, OutboxFullError, type OutboxLimits } from "./outbox";

const ROOMY: OutboxLimits = { maxReadings: 1e9, maxBytes: 1e12, whenFull: "refuse-newest" };

let folder: string;
let store: Store;
let now = 1_000_000;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "outbox-"));
  store = openStore(join(folder, "store.db"));
  now = 1_000_000;
});

afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

function open(limits: Partial<OutboxLimits> = {}, name = "node-1"): Outbox {
  return new Outbox(store, name, { ...ROOMY, ...limits }, () => now);
}

function reopen(limits: Partial<OutboxLimits> = {}): Outbox {
  store.close();
  store = openStore(join(folder, "store.db"));
  return open(limits);
}

const lines = (...names: string[]): { lines: string; count: number } => ({
  lines: names.map((name) => `${name}\n`).join(""),
  count: names.length,
});

function isBalanced(outbox: Outbox): boolean {
  const { accepted, written, waiting, dropped } = outbox.counts();
  return accepted === written + waiting + dropped;
}

describe("Outbox", () => {
  it("gives back what was appended, in order, until it is confirmed", () => {
    const outbox = open();
    outbox.append([lines("a", "b"), lines("c")]);
    outbox.append([lines("d")]);
    const group = outbox.take(3, 1e6);
    expect(group).toMatchObject({ lines: "a\nb\nc\n", count: 3 });
    expect(outbox.take(3, 1e6)?.lines).toBe("a\nb\nc\n");
    if (group) outbox.confirm(group);
    expect(outbox.take(3, 1e6)?.lines).toBe("d\n");
    expect(outbox.counts()).toMatchObject({ accepted: 4, written: 3, waiting: 1, dropped: 0 });
  });

  it("gives a batch that is larger than asked for as a whole", () => {
    const outbox = open();
    outbox.append([lines("a", "b", "c")]);
    expect(outbox.take(1, 1)?.count).toBe(3);
  });

  it("has everything and the same counts after a restart", () => {
    const outbox = open();
    outbox.append([lines("a"), lines("b"), lines("c")]);
    const group = outbox.take(1, 1e6);
    if (group) outbox.confirm(group, [{ line: "a", reason: "type conflict" }]);
    const before = outbox.counts();
    const after = reopen();
    expect(after.counts()).toEqual(before);
    expect(after.take(10, 1e6)?.lines).toBe("b\nc\n");
    expect(after.letters()).toMatchObject([{ line: "a", reason: "type conflict", at: now }]);
  });

  it("keeps queues of one store apart", () => {
    const [first, second] = [open(), open({}, "node-2")];
    first.append([lines("a")]);
    second.append([lines("b")]);
    expect(first.take(9, 1e6)?.lines).toBe("a\n");
    expect(second.counts()).toMatchObject({ accepted: 1, waiting: 1 });
  });

  it("drops the oldest when full, counts it, and keeps what is being sent", () => {
    const outbox = open({ maxReadings: 4, whenFull: "drop-oldest" });
    outbox.append([lines("a"), lines("b"), lines("c"), lines("d")]);
    const sending = outbox.take(1, 1e6);
    outbox.append([lines("e", "f")]);
    expect(outbox.counts()).toMatchObject({ accepted: 6, waiting: 4, droppedOldest: 2 });
    if (sending) outbox.confirm(sending);
    expect(outbox.take(9, 1e6)?.lines).toBe("d\ne\nf\n");
    expect(isBalanced(outbox)).toBe(true);
  });

  it("may drop again what was taken and released", () => {
    const outbox = open({ maxReadings: 2, whenFull: "drop-oldest" });
    outbox.append([lines("a"), lines("b")]);
    outbox.take(1, 1e6);
    outbox.release();
    outbox.append([lines("c")]);
    expect(outbox.take(9, 1e6)?.lines).toBe("b\nc\n");
  });

  it("refuses the newest when full, by readings or by bytes, and says how full it is", () => {
    const outbox = open({ maxReadings: 2 });
    const [first, second, third] = outbox.append([lines("a"), lines("b"), lines("c")]);
    expect([first, second]).toEqual([undefined, undefined]);
    expect(third).toBeInstanceOf(OutboxFullError);
    expect(third?.message).toBe(
      "the outbox is full: 2 readings (4 bytes) wait, its bounds are 2 readings and 1000000000000 bytes",
    );
    expect(outbox.counts()).toMatchObject({ accepted: 2, waiting: 2, dropped: 0 });
    expect(open({ maxBytes: 3 }, "bytes").append([lines("aa"), lines("b")])[1]).toBeInstanceOf(OutboxFullError);
  });

  it("does not empty itself for a batch that can never fit", () => {
    const outbox = open({ maxReadings: 2, whenFull: "drop-oldest" });
    outbox.append([lines("a"), lines("b")]);
    expect(outbox.append([lines("c", "d", "e")])[0]).toBeInstanceOf(OutboxFullError);
    expect(outbox.counts()).toMatchObject({ waiting: 2, dropped: 0 });
  });

  it("drops what has waited too long", () => {
    const outbox = open({ maxAgeMs: 1000 });
    outbox.append([lines("a")]);
    now += 600;
    outbox.append([lines("b")]);
    now += 600;
    outbox.expire();
    expect(outbox.counts()).toMatchObject({ waiting: 1, droppedExpired: 1 });
    expect(outbox.take(9, 1e6)?.lines).toBe("b\n");
  });

  it("sends dead letters again on demand, or forgets them", () => {
    const outbox = open();
    outbox.append([lines("a", "b")]);
    const confirmTake = (...rejected: string[]): void => {
      const group = outbox.take(9, 1e6);
      if (group)
        outbox.confirm(
          group,
          rejected.map((line) => ({ line, reason: "no" })),
        );
    };
    confirmTake("b");
    expect(outbox.counts()).toMatchObject({ written: 1, droppedRejected: 1 });
    expect(outbox.retryLetters()).toBe(1);
    expect(outbox.counts()).toMatchObject({ waiting: 1, droppedRejected: 0 });
    confirmTake("b");
    expect(outbox.clearLetters()).toBe(1);
    expect(outbox.letters()).toEqual([]);
    expect(outbox.counts()).toMatchObject({ accepted: 2, written: 1, waiting: 0, droppedRejected: 1 });
    expect(outbox.retryLetters()).toBe(0);
  });

  it("changes nothing when the disk refuses", () => {
    const outbox = open();
    outbox.append([lines("a")]);
    const before = outbox.counts();
    store.component("probe", []).exec("PRAGMA query_only=ON");
    expect(() => outbox.append([lines("b")])).toThrow();
    store.component("probe", []).exec("PRAGMA query_only=OFF");
    expect(outbox.counts()).toEqual(before);
    expect(outbox.take(9, 1e6)?.lines).toBe("a\n");
  });

  it("keeps recently confirmed lines for the encoder, and no more", () => {
    const outbox = open();
    const thousand = Array.from({ length: 1000 }, (_, index) => `line-${index}`);
    for (let batch = 0; batch < 30; batch += 1) {
      outbox.append([lines(...thousand.map((line) => `${batch}-${line}`))]);
      const group = outbox.take(1000, 1e6);
      if (group) outbox.confirm(group);
    }
    const check = (recent: string[]): void => {
      expect(recent).toHaveLength(10);
      expect(recent[0]).toMatch(/^20-line-0\n/);
      expect(recent.at(-1)).toMatch(/^29-line-0\n/);
    };
    check([...outbox.recent()]);
    check([...reopen().recent()]);
  });
});

type Step =
  | { readonly do: "append"; readonly sizes: readonly number[] }
  | { readonly do: "confirm" | "release"; readonly take: number; readonly reject: number }
  | { readonly do: "restart" | "retryLetters" | "expire" };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant("append" as const), sizes: fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 4 }) }),
  fc.record({ do: fc.constantFrom("confirm", "release"), take: fc.integer({ min: 1, max: 8 }), reject: fc.nat(2) }),
  fc.record({ do: fc.constantFrom("restart", "retryLetters", "expire") }),
) as fc.Arbitrary<Step>;

describe("whatever happens", () => {
  it.each(["drop-oldest", "refuse-newest"] as const)(
    "counts add up, order is kept and nothing is written twice (%s)",
    (whenFull) => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
          const run = new Run(whenFull);
          for (const one of steps) run.apply(one);
          run.finish();
        }),
        { numRuns: 60 },
      );
    },
  );
});

/** Drives an outbox and remembers, by other means, what it should know. */
class Run {
  readonly #store = openStore(IN_MEMORY);
  readonly #limits: OutboxLimits;
  #outbox: Outbox;
  #clock = 0;
  #next = 0;
  #accepted = 0;
  readonly #written: number[] = [];
  /** Rejected at least once: they may come back, out of their order. */
  readonly #rejected = new Set<number>();

  constructor(whenFull: OutboxLimits["whenFull"]) {
    this.#limits = { maxReadings: 12, maxBytes: 1e6, maxAgeMs: 15, whenFull };
    this.#outbox = this.#open();
  }

  #open(): Outbox {
    return new Outbox(this.#store, "run", this.#limits, () => this.#clock);
  }

  apply(one: Step): void {
    this.#clock += 1;
    switch (one.do) {
      case "append": {
        const entries = one.sizes.map((size) => lines(...Array.from({ length: size }, () => String(this.#next++))));
        const results = this.#outbox.append(entries);
        results.forEach((refusal, index) => {
          if (!refusal) this.#accepted += entries[index]?.count ?? 0;
        });
        break;
      }
      case "confirm":
        this.#confirm(one.take, one.reject);
        break;
      case "release":
        this.#outbox.take(one.take, 1e6);
        this.#outbox.release();
        break;
      case "restart":
        this.#outbox = this.#open();
        break;
      case "retryLetters":
        this.#outbox.retryLetters();
        break;
      case "expire":
        this.#outbox.expire();
        break;
    }
    this.#check();
  }

  #confirm(count: number, reject: number): void {
    const group = this.#outbox.take(count, 1e6);
    if (!group) return;
    const all = group.lines.trimEnd().split("\n");
    const rejected = all.slice(0, reject);
    this.#outbox.confirm(
      group,
      rejected.map((line) => ({ line, reason: "no" })),
    );
    for (const line of rejected) this.#rejected.add(Number(line));
    this.#written.push(...all.slice(rejected.length).map(Number));
  }

  #check(): void {
    const { accepted, written, waiting, dropped } = this.#outbox.counts();
    expect(accepted).toBe(this.#accepted);
    expect(accepted).toBe(written + waiting + dropped);
    expect(written).toBe(this.#written.length);
    expect(waiting).toBeLessThanOrEqual(12 + this.#rejected.size);
  }

  finish(): void {
    while (this.#outbox.counts().waiting > 0) this.#confirm(5, 0);
    this.#check();
    const inOrder = this.#written.filter((line) => !this.#rejected.has(line));
    expect(inOrder).toEqual([...inOrder].sort((a, b) => a - b));
    expect(new Set(this.#written).size).toBe(this.#written.length);
    this.#store.close();
  }
}
