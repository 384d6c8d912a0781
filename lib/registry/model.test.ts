import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openStore, type Store, type StoreService } from "../store";
import { Registry } from ".";

class Crash extends Error {}

const THRESHOLD = 20;

/** The registry's rules written down as plainly as can be: every device is looked at every second. */
class Model {
  devices = new Map<string, { status: string; lastSeen?: number; name?: string; offlineAfter?: number }>();
  startedAt = 0;

  touch(id: string, now: number): void {
    const device = this.devices.get(id) ?? { status: "offline" };
    this.devices.set(id, device);
    device.lastSeen = now;
    if (device.status === "offline") device.status = "online";
  }

  report(id: string, status: string, now: number): void {
    if (status === "offline") this.devices.set(id, this.devices.get(id) ?? { status });
    else this.touch(id, now);
    const device = this.devices.get(id);
    if (device && device.status !== "maintenance") device.status = status;
  }

  sweep(now: number): void {
    for (const device of this.devices.values()) {
      const since = Math.max(device.lastSeen ?? 0, this.startedAt);
      const silent = now - since >= (device.offlineAfter ?? THRESHOLD) * 1000;
      if (silent && (device.status === "online" || device.status === "error")) device.status = "offline";
    }
  }
}

const id = fc.constantFrom("a", "b", "c", "d");
const step = fc.oneof(
  fc.record({ what: fc.constant("touch" as const), id }),
  fc.record({ what: fc.constant("report" as const), id, status: fc.constantFrom("online", "offline", "error") }),
  fc.record({ what: fc.constant("maintain" as const), id }),
  fc.record({ what: fc.constant("threshold" as const), id, seconds: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ what: fc.constant("register" as const), id, name: fc.string() }),
  fc.record({ what: fc.constant("delete" as const), id }),
  fc.record({ what: fc.constant("pass" as const), seconds: fc.integer({ min: 1, max: 30 }) }),
  fc.record({ what: fc.constant("restart" as const), clean: fc.boolean() }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Runs steps on a registry with a store and on the model, which must agree after each of them. */
class Pair {
  readonly model = new Model();
  readonly #store: Store = openStore(":memory:");
  #now = 0;
  #crashed = false;
  #registry: Registry;

  constructor() {
    this.#registry = this.#open();
  }

  #open(): Registry {
    const now = (): number => this.#now;
    const store: StoreService = {
      component: (name, migrations) => this.#store.component(name, migrations),
      transaction: (work) => {
        if (this.#crashed) throw new Crash();
        return this.#store.transaction(work);
      },
      seriesStates: (keeper, fingerprint) => this.#store.seriesStates(keeper, fingerprint),
      history: this.#store.history,
    };
    return new Registry({ store, offlineAfter: THRESHOLD, now, monotonic: now });
  }

  do(one: Step): void {
    const { model } = this;
    const registry = this.#registry;
    switch (one.what) {
      case "touch":
        registry.touch(one.id, this.#now);
        model.touch(one.id, this.#now);
        break;
      case "report":
        registry.reportStatus(one.id, { status: one.status });
        model.report(one.id, one.status, this.#now);
        break;
      case "maintain":
        if (model.devices.has(one.id)) registry.update(one.id, { status: "maintenance" });
        Object.assign(model.devices.get(one.id) ?? {}, { status: "maintenance" });
        break;
      case "threshold":
        if (model.devices.has(one.id)) registry.update(one.id, { offlineAfter: one.seconds });
        Object.assign(model.devices.get(one.id) ?? {}, { offlineAfter: one.seconds });
        break;
      case "register":
        if (model.devices.has(one.id)) expect(() => registry.register(one.id)).toThrow(/already registered/);
        else {
          registry.register(one.id, { name: one.name });
          model.devices.set(one.id, { status: "offline", name: one.name });
        }
        break;
      case "delete":
        if (model.devices.delete(one.id)) registry.delete(one.id);
        break;
      case "pass":
        for (let second = 0; second < one.seconds; second += 1) {
          this.#now += 1000;
          while (registry.sweep(2)) {
            // In small steps, as the node does it.
          }
          model.sweep(this.#now);
        }
        break;
      default:
        this.#restart(one.clean);
    }
    this.#compare();
  }

  /** After a crash that came between a flush and the next, only when devices were last seen may be older. */
  #restart(clean: boolean): void {
    this.#registry.flush();
    if (clean) this.#registry.close();
    else this.#crash();
    this.#registry = this.#open();
    this.model.startedAt = this.#now;
    if (clean) return;
    for (const [name, device] of this.model.devices) {
      const { lastSeen } = this.#registry.get(name) ?? {};
      expect(lastSeen ?? 0).toBeLessThanOrEqual(device.lastSeen ?? 0);
      device.lastSeen = lastSeen;
    }
  }

  /** What a crash leaves is what was flushed: the close that comes with it must not write. */
  #crash(): void {
    this.#crashed = true;
    try {
      this.#registry.close();
    } catch (error) {
      expect(error).toBeInstanceOf(Crash);
    }
    this.#crashed = false;
  }

  #compare(): void {
    const actual = [...this.#registry.find()].map((device) => [
      device.id,
      { status: device.status, lastSeen: device.lastSeen, name: device.name, offlineAfter: device.offlineAfter },
    ]);
    const expected = [...this.model.devices].map(([name, { status, lastSeen, name: told, offlineAfter }]) => [
      name,
      { status, lastSeen, name: told, offlineAfter },
    ]);
    expect(actual.toSorted()).toEqual(expected.toSorted());
    for (const status of ["online", "offline", "maintenance", "error"] as const) {
      expect(this.#registry.counts[status]).toBe(this.#registry.list({ status }).total);
    }
  }

  end(): void {
    this.#registry.close();
    this.#store.close();
  }
}

describe("the registry", () => {
  it("agrees with a model that looks at every device every second, over restarts and crashes", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100, size: "max" }), (steps) => {
        const pair = new Pair();
        for (const one of steps) pair.do(one);
        pair.end();
      }),
      { numRuns: 300 },
    );
  });
});
