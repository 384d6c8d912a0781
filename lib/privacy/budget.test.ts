import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openStore, type Store } from "../store";
import { gaussianEpsilon } from "./accountant";
import { Budget, type Spent } from "./budget";
import { Ledger } from "./ledger";
import { createMechanism } from "./mechanism";

const pure = (epsilon: number) => ({ epsilon, rho: 0 });
const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 10, 20);

describe("Budget", () => {
  it("adds pure losses up to the budget and not beyond, however they are cut", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0.001, max: 2, noNaN: true }), { maxLength: 50 }), (losses) => {
        const budget = new Budget({ epsilon: 3, delta: 0, periodMs: 0 });
        let spent: Spent | undefined;
        let granted = 0;
        for (const loss of losses) {
          const after = budget.after(spent, pure(loss), 0);
          if (after) granted += loss;
          else expect(granted + loss).toBeGreaterThan(3);
          spent = after ?? spent;
        }
        expect(granted).toBeLessThanOrEqual(3 * (1 + 2e-9));
        expect(budget.left(spent, 0)).toBeCloseTo(Math.max(0, 3 - granted), 9);
      }),
    );
  });

  it("of 1 pays for exactly ten tenths, and of 0.3 for three", () => {
    for (const [epsilon, times] of [
      [1, 10],
      [0.3, 3],
    ] as const) {
      const budget = new Budget({ epsilon, delta: 0, periodMs: 0 });
      let spent: Spent | undefined;
      let count = 0;
      for (let after = budget.after(spent, pure(0.1), 0); after; after = budget.after(spent, pure(0.1), 0)) {
        spent = after;
        count += 1;
      }
      expect(count).toBe(times);
    }
  });

  it("pays for many more Gaussian releases than their sum allows", () => {
    const { loss } = createMechanism({ kind: "gaussian", epsilon: 0.1, delta: 1e-6, low: 0, high: 1, count: 1 });
    const budget = new Budget({ epsilon: 1, delta: 1e-6, periodMs: 0 });
    let spent: Spent | undefined;
    let count = 0;
    for (let after = budget.after(spent, loss, 0); after; after = budget.after(spent, loss, 0)) {
      spent = after;
      count += 1;
    }
    const multiplier = 1 / Math.sqrt(2 * loss.rho);
    expect(count).toBeGreaterThan(50);
    expect(gaussianEpsilon(multiplier, 1e-6, count)).toBeLessThanOrEqual(1 + 1e-6);
    expect(gaussianEpsilon(multiplier, 1e-6, count + 1)).toBeGreaterThan(1);
  });

  it("is whole again after its period, and not because a clock was set back", () => {
    const budget = new Budget({ epsilon: 1, delta: 0, periodMs: 24 * HOUR });
    const spent = budget.after(undefined, pure(1), NOW) as Spent;
    expect(budget.after(spent, pure(0.1), NOW + 23 * HOUR)).toBeUndefined();
    expect(budget.after(spent, pure(0.1), NOW - 97 * HOUR)).toBeUndefined();
    const whole = { epsilon: 0.1, rho: 0, delta: 0, since: NOW + 24 * HOUR };
    expect(budget.after(spent, pure(0.1), NOW + 24 * HOUR)).toEqual(whole);
  });

  it("is neither whole by a clock that was not set when it was spent, nor spent for ever by one that was ahead", () => {
    const budget = new Budget({ epsilon: 1, delta: 0, periodMs: 24 * HOUR });
    const atBoot = budget.after(undefined, pure(1), 60_000) as Spent;
    expect(budget.after(atBoot, pure(0.1), 60_000 + 25 * HOUR)).toBeUndefined();
    expect(budget.after(atBoot, pure(0.1), NOW)).toBeUndefined();
    expect(budget.current(atBoot, NOW)).toEqual({ ...atBoot, since: NOW });
    const ahead = budget.after(undefined, pure(1), Date.UTC(2099, 0, 1)) as Spent;
    expect(budget.left(ahead, NOW)).toBe(0);
    expect(budget.current(ahead, NOW)).toEqual({ ...ahead, since: NOW });
    // Spent while the clock is right, asked for after a start without a clock: as it was.
    const spent = budget.after(undefined, pure(1), NOW) as Spent;
    expect(budget.current(spent, 60_000)).toEqual(spent);
  });

  it("counts what Gaussian noise has spent with its own delta when there is none any more", () => {
    const gaussian = new Budget({ epsilon: 5, delta: 1e-6, periodMs: 0 });
    const pureOnly = new Budget({ epsilon: 5, delta: 0, periodMs: 0 });
    const spent = gaussian.after(undefined, { epsilon: 0, rho: 1e-4 }, NOW) as Spent;
    // By the noise multiplier that rho is of: 1 / sqrt(2 rho).
    expect(pureOnly.left(spent, NOW)).toBeCloseTo(5 - gaussianEpsilon(Math.sqrt(1 / 2e-4), 1e-6), 9);
    const after = pureOnly.after(spent, pure(1), NOW) as Spent;
    expect(gaussian.left(after, NOW)).toBeCloseTo(gaussian.left(spent, NOW) - 1, 9);
  });

  it("refuses what is no budget", () => {
    expect(() => new Budget({ epsilon: 0, delta: 0, periodMs: 0 })).toThrow("budget: expected a number above 0, got 0");
    expect(() => new Budget({ epsilon: 1, delta: 1, periodMs: 0 })).toThrow("delta");
    expect(() => new Budget({ epsilon: 1, delta: 0, periodMs: -1 })).toThrow("period");
  });
});

describe("Ledger", () => {
  let folder: string;
  let store: Store;
  const open = () => openStore(join(folder, "test.db"));
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gatewise-ledger-"));
    store = open();
  });
  afterEach(() => {
    store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const budget = new Budget({ epsilon: 1, delta: 0, periodMs: 0 });

  it("keeps what was spent over a restart, account by account", () => {
    const first = new Ledger(budget, "ward", store);
    expect([first.spend("d1", pure(0.7), 0), first.spend("d2", pure(0.2), 0)]).toEqual([true, true]);
    first.commit();
    store.close();
    store = open();
    const second = new Ledger(budget, "ward", store);
    expect(second.spend("d1", pure(0.7), 0)).toBe(false);
    expect(second.left("d1", 0)).toBeCloseTo(0.3, 12);
    expect(second.left("d2", 0)).toBeCloseTo(0.8, 12);
    expect(new Ledger(budget, "other", store).left("d1", 0)).toBe(1);
  });

  it("is not made whole by another budget: what is spent counts against it", () => {
    const ledger = new Ledger(budget, "ward", store);
    ledger.spend("d1", pure(1), 0);
    ledger.commit();
    const wider = new Ledger(new Budget({ epsilon: 1.5, delta: 0, periodMs: 0 }), "ward", store);
    expect(wider.left("d1", 0)).toBeCloseTo(0.5, 12);
  });

  it("shares its accounts with another of its name", () => {
    const [one, two] = [new Ledger(budget, "ward", store), new Ledger(budget, "ward", store)];
    expect(one.spend("d1", pure(0.6), 0)).toBe(true);
    one.commit();
    expect(two.spend("d1", pure(0.6), 0)).toBe(false);
  });

  it("keeps what was spent when it cannot be written, and says so", () => {
    const ledger = new Ledger(budget, "ward", store);
    store.close();
    expect(() => {
      ledger.spend("d1", pure(0.9), 0);
      ledger.commit();
    }).toThrow();
    store = open();
  });

  it("without a store refuses new accounts rather than forget old ones", () => {
    const ledger = new Ledger(budget, "ward", undefined, 2);
    expect(["a", "b", "c", "a"].map((account) => ledger.spend(account, pure(0.4), 0))).toEqual([
      true,
      true,
      false,
      true,
    ]);
  });

  it("shares its accounts with another of its name without a store too, also with one that is made later", () => {
    const name = "without a store";
    const [one, two] = [new Ledger(budget, name), new Ledger(budget, name)];
    expect(one.spend("d1", pure(0.6), NOW)).toBe(true);
    expect(two.spend("d1", pure(0.6), NOW)).toBe(false);
    expect(new Ledger(budget, name).left("d1", NOW)).toBeCloseTo(0.4, 12);
    expect(new Ledger(budget, "another").left("d1", NOW)).toBe(1);
  });

  it.each(["with", "without"])(
    "is whole again a period after a clock that was ahead was set right, %s a store",
    (kind) => {
      const daily = new Budget({ epsilon: 1, delta: 0, periodMs: 24 * HOUR });
      const ledger = new Ledger(daily, "clock", kind === "with" ? store : undefined);
      expect(ledger.spend("d1", pure(1), Date.UTC(2099, 0, 1))).toBe(true);
      const spend = (at: number): boolean => {
        const granted = ledger.spend("d1", pure(1), at);
        ledger.commit();
        return granted;
      };
      expect([NOW, NOW + 12 * HOUR, NOW + 24 * HOUR].map(spend)).toEqual([false, false, true]);
    },
  );

  it("keeps the delta with what was spent", () => {
    const first = new Ledger(new Budget({ epsilon: 5, delta: 1e-9, periodMs: 0 }), "ward", store);
    first.spend("d1", { epsilon: 0, rho: 1e-4 }, NOW);
    first.commit();
    const left = new Ledger(new Budget({ epsilon: 5, delta: 0, periodMs: 0 }), "ward", store).left("d1", NOW);
    expect(left).toBeCloseTo(5 - gaussianEpsilon(Math.sqrt(1 / 2e-4), 1e-9), 9);
  });

  it("forgets accounts that are whole again, and none because of a clock that was wrong", () => {
    const daily = new Ledger(new Budget({ epsilon: 1, delta: 0, periodMs: 24 * HOUR }), "ward", store);
    daily.spend("boot", pure(1), 60_000);
    daily.spend("old", pure(1), NOW);
    daily.spend("new", pure(1), NOW + 23 * HOUR);
    daily.spend("ahead", pure(1), NOW + 1e6 * HOUR);
    daily.commit();
    const accounts = () =>
      store
        .component("test", [])
        .prepare("SELECT account FROM privacy_spent")
        .all()
        .map(({ account }) => account);
    daily.forgetRefilled(NOW + 25 * HOUR);
    expect(accounts()).toEqual(["ahead", "boot", "new"]);
    daily.forgetRefilled(NOW + 49 * HOUR);
    expect(accounts()).toEqual([]);
  });
});
