import { describe, expect, it } from "vitest";
import type { I2cBus } from "./contract";
import { BusError } from "./error";
import { leaseBus } from "./hub";
import { SharedBus } from "./shared";
import { VirtualClock } from "./virtual-clock";

/** A transport that notes who uses it when. */
function transport(transfer: I2cBus["transfer"] = async () => new Uint8Array(0)): I2cBus & { closed: number } {
  const bus = {
    closed: 0,
    transfer,
    async close() {
      bus.closed += 1;
    },
  };
  return bus;
}

const nothing = new Uint8Array(0);

describe("the lock", () => {
  it("lets users on the bus one after the other, in the order they came", async () => {
    const clock = new VirtualClock();
    const log: string[] = [];
    const bus = new SharedBus({ kind: "i2c", key: "i2c-1", clock, open: async () => transport() });
    const work = ["a", "b", "c"].map((name) =>
      bus.hold(async (grip) => {
        log.push(`${name} begins`);
        await grip.use((wire) => wire.transfer(0x44, nothing, 0));
        await grip.wait(5);
        log.push(`${name} ends`);
      }),
    );
    await clock.run(Promise.all(work));
    expect(log).toEqual(["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
  });

  it("is given away during a long wait, and taken again after it", async () => {
    const clock = new VirtualClock();
    const log: string[] = [];
    const bus = new SharedBus({ kind: "i2c", key: "i2c-1", clock, open: async () => transport() });
    const slow = bus.hold(async (grip) => {
      log.push("slow asks");
      await grip.wait(750);
      log.push(`slow reads at ${clock.now()}`);
    });
    const quick = bus.hold(async () => log.push("quick"));
    await clock.run(Promise.all([slow, quick]));
    expect(log).toEqual(["slow asks", "quick", "slow reads at 750"]);
  });

  it("is free again after work that failed", async () => {
    const bus = new SharedBus({ kind: "i2c", key: "i2c-1", open: async () => transport() });
    await expect(bus.hold(() => Promise.reject(new Error("oops")))).rejects.toThrow("oops");
    expect(await bus.hold(async () => "next")).toBe("next");
  });

  it("refuses those who wait when the bus is closed", async () => {
    const bus = new SharedBus({ kind: "i2c", key: "i2c-1", open: async () => transport() });
    const { promise: later, resolve } = Promise.withResolvers<void>();
    const holding = bus.hold(() => later);
    const waiting = bus.hold(async () => "never");
    const refused = expect(waiting).rejects.toMatchObject({ code: "gone" });
    await bus.close();
    await refused;
    resolve();
    await holding;
    await expect(bus.hold(async () => "never")).rejects.toThrow("i2c-1: the bus was closed");
  });
});

describe("failures", () => {
  it("of one device leave the bus open", async () => {
    let opened = 0;
    const wire = transport(async (address) => {
      if (address === 0x50) throw new BusError("nack", "nobody");
      return Uint8Array.of(address);
    });
    const open = async () => {
      opened += 1;
      return wire;
    };
    const bus = new SharedBus({ kind: "i2c", key: "i2c-1", open });
    const ask = (address: number) => bus.hold((grip) => grip.use((one) => one.transfer(address, nothing, 1)));
    await expect(ask(0x50)).rejects.toMatchObject({ code: "nack" });
    expect(bus.lastGood).toBeUndefined();
    expect(await ask(0x44)).toEqual(Uint8Array.of(0x44));
    expect(bus.lastGood).toBeTypeOf("number");
    expect([opened, bus.fault]).toEqual([1, undefined]);
  });

  it("of the bus close it, and open it anew after a growing pause", async () => {
    const clock = new VirtualClock();
    const wires: { closed: number }[] = [];
    let isBroken = true;
    const open = async () => {
      const wire = transport(async () => {
        if (isBroken) throw new BusError("stuck", "SDA is held low");
        return nothing;
      });
      wires.push(wire);
      return wire;
    };
    const bus = new SharedBus({ kind: "i2c", key: "i2c-1", clock, open });
    const ask = () => clock.run(bus.hold((grip) => grip.use((one) => one.transfer(0x44, nothing, 0))));
    for (let second = 0; second < 300; second++) {
      await expect(ask()).rejects.toMatchObject({ code: "stuck" });
      await clock.advance(1000);
    }
    // 1, 2, 4 ... 60 s, each at least half of it: far fewer than 300 attempts, but not one for all.
    expect(wires.length).toBeGreaterThan(7);
    expect(wires.length).toBeLessThan(20);
    expect(wires.every(({ closed }) => closed === 1)).toBe(true);
    await expect(ask()).rejects.toThrow(/SDA is held low; tried again in \d+ s/);
    isBroken = false;
    await clock.advance(60_000);
    await ask();
    expect(bus.fault).toBeUndefined();
  });

  it("that are silence are noticed, and do not hold up the others", async () => {
    let calls = 0;
    const open = async () => transport(() => (calls++ === 0 ? new Promise(() => {}) : Promise.resolve(nothing)));
    const clock = new VirtualClock();
    const bus = new SharedBus({ kind: "i2c", key: "i2c-1", clock, open });
    const ask = () => bus.hold((grip) => grip.use((one) => one.transfer(0x44, nothing, 0), 20));
    const both = [ask(), ask()];
    await expect(both[0]).rejects.toMatchObject({ code: "stuck", message: "a transfer took longer than 20 ms" });
    await expect(both[1]).rejects.toThrow(/tried again in 1 s/);
    await clock.advance(1000);
    expect(await ask()).toEqual(nothing);
  });

  it("to open are told with their reason", async () => {
    const open = () => Promise.reject(new BusError("permission", "/dev/i2c-1: permission denied"));
    const bus = new SharedBus({ kind: "i2c", key: "/dev/i2c-1", open });
    const ask = () => bus.hold((grip) => grip.use((one) => one.transfer(0x44, nothing, 0)));
    await expect(ask()).rejects.toMatchObject({ code: "permission", message: "/dev/i2c-1: permission denied" });
    expect(bus.fault?.code).toBe("permission");
  });
});

describe("leases", () => {
  const options = { kind: "i2c" as const, key: "/dev/i2c-9", open: async () => transport() };

  it("of one physical bus share it until the last is released", async () => {
    const [one, two] = [leaseBus(options), leaseBus(options)];
    expect(one.bus).toBe(two.bus);
    await one.release();
    await one.release();
    expect(await two.bus.hold(async () => "open")).toBe("open");
    await two.release();
    await expect(two.bus.hold(async () => "closed")).rejects.toMatchObject({ code: "gone" });
    const three = leaseBus(options);
    expect(three.bus).not.toBe(one.bus);
    await three.release();
  });

  it("with other settings are refused", async () => {
    const lease = leaseBus(options, "9600 baud");
    expect(() => leaseBus(options, "19200 baud")).toThrow("/dev/i2c-9 is in use with other settings (9600 baud)");
    await lease.release();
  });
});
