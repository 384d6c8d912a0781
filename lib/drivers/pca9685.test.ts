import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { recordedBus } from "../../test/support/recorded-bus";
import { VirtualClock } from "../bus";
import { type registerModel, SimulatedBus } from "../bus/simulated";
import { outputRegisters, prescale } from "./core/pca9685";
import { pca9685, pca9685Motor, pca9685Servo } from "./pca9685";
import { pca9685Level, pca9685Model } from "./pca9685.model";

function bench(address = 0x40) {
  const clock = new VirtualClock();
  const bus = new SimulatedBus("i2c", clock);
  const part = bus.plug(pca9685Model, { address });
  const { log, shared } = recordedBus(bus);
  const registers = () => (part.model as ReturnType<typeof registerModel>).registers;
  /** For how many counts of the period an output is high. */
  const high = (output: number) => {
    let counts = 0;
    for (let count = 0; count < 4096; count++) if (pca9685Level(registers(), output, count)) counts += 1;
    return counts;
  };
  return { clock, part, log, shared, registers, high };
}

describe("the registers", () => {
  /** 7.3.5 and table 8 (0x1E is the default for 200 Hz); UM10574 section 8.2: 3 is 1526 Hz, 255 is 25 MHz / 4096 / 256. */
  it.each([
    [200, 0x1e],
    [1526, 0x03],
    [23.84, 0xff],
    [24, 0xfd],
    [50, 121],
    [10_000, 0x03],
    [1, 0xff],
  ])("for %d Hz", (frequency, value) => {
    expect(prescale(frequency, 25_000_000)).toBe(value);
  });

  /** 7.3.3: examples 1 (10 % delay, 20 % on) and 2 (90 % delay, 90 % on, into the next period). */
  it("for the examples of the datasheet", () => {
    expect(outputRegisters(819, 409)).toEqual([0x99, 0x01, 0xcc, 0x04]);
    expect(outputRegisters(3686, 3685)).toEqual([0x65, 0x0e, 0xcb, 0x0c]);
  });

  it("for nothing and for all of the period", () => {
    expect(outputRegisters(0, 256)).toEqual([0, 0, 0, 0x10]);
    expect(outputRegisters(4096, 256)).toEqual([0, 0x10, 0, 0]);
  });
});

describe("PWM", () => {
  /** Section 7.3.1.1 and 7.3.5; the same prescale for 500 Hz as in other implementations. */
  it("sets the frequency while the part sleeps, wakes it and waits for the oscillator", async () => {
    const { clock, log, shared } = bench(0x41);
    const session = pca9685.connect(shared, { address: 0x41, options: { frequency: 500 } });
    await clock.run(session.set("channel0", 25));
    expect(log).toEqual(["00", "01", "FE", "00 30", "FE 0B", "01 04", "00 20", "00 A0", "06 00 00 00 04"]);
    expect(clock.now()).toBe(1);
  });

  it("leaves a part alone that is set up already", async () => {
    const { clock, log, shared, high } = bench();
    await clock.run(pca9685.connect(shared).set("channel3", 50));
    log.length = 0;
    await clock.run(pca9685.connect(shared).set("channel15", 100));
    expect(log).toEqual(["00", "01", "FE", "42 00 10 00 00"]);
    expect([high(3), high(15)]).toEqual([2048, 4096]);
  });

  it("lets the other outputs go on when the frequency changes", async () => {
    const { clock, shared, high } = bench();
    await clock.run(pca9685.connect(shared).set("channel3", 50));
    await clock.run(pca9685.connect(shared, { options: { frequency: 1000 } }).set("channel0", 10));
    expect(high(3)).toBe(2048);
  });

  it("gives every share of the time, on every output", async () => {
    const { clock, shared, high } = bench();
    const session = pca9685.connect(shared);
    const channel = fc.integer({ min: 0, max: 15 });
    const share = fc.double({ min: 0, max: 100, noNaN: true });
    await fc.assert(
      fc.asyncProperty(channel, share, async (output, percent) => {
        await clock.run(session.set(`channel${output}`, percent));
        expect(Math.abs(high(output) - (percent / 100) * 4096)).toBeLessThanOrEqual(0.5);
      }),
    );
  });

  it("refuses what is out of range, and outputs that it does not have", async () => {
    const { shared, log } = bench();
    const session = pca9685.connect(shared);
    await expect(session.set("channel0", 100.5)).rejects.toThrow("channel0: expected 0 to 100 %, got 100.5");
    await expect(session.set("channel16", 1)).rejects.toThrow('PCA9685 has no output "channel16"');
    expect(log).toEqual([]);
  });

  it("is dark when made safe, and set up again after it was gone", async () => {
    const { clock, part, shared, high } = bench();
    const session = pca9685.connect(shared, { options: { frequency: 1000 } });
    await clock.run(session.set("channel5", 70));
    part.unplug();
    await expect(clock.run(session.set("channel5", 80))).rejects.toMatchObject({ code: "nack" });
    part.plug();
    await clock.run(session.set("channel5", 80));
    expect(high(5)).toBe(3277);
    await clock.run(session.makeSafe());
    expect(high(5)).toBe(0);
  });
});

describe("servos", () => {
  /** A count is 4.88 us at PRE_SCALE 121: 122 / 25 MHz. */
  it.each([
    [0, {}, 205],
    [90, {}, 307],
    [180, {}, 410],
    [135, { travel: 270, shortest: 500, longest: 2500 }, 307],
    [0, { shortest: 2000, longest: 1000 }, 410],
    [90, { oscillator: 27_000_000 }, 307],
  ])("at %d deg with %j", async (angle, options, counts) => {
    const { clock, shared, high, registers } = bench();
    await clock.run(pca9685Servo.connect(shared, { options }).set("servo7", angle));
    expect(high(7)).toBe(counts);
    expect(registers()[0xfe]).toBe("oscillator" in options ? 131 : 121);
  });

  it("rest at the safe angle, within their travel", () => {
    expect(pca9685Servo.outputs({ travel: 90, rest: 120 })[0]).toMatchObject({ range: [0, 90], safe: 90 });
  });
});

describe("motors", () => {
  it.each([
    [100, "coast", [4096, 0]],
    [-100, "coast", [0, 4096]],
    [25, "brake", [1024, 0]],
    [-50, "coast", [0, 2048]],
    [0, "coast", [0, 0]],
    [0, "brake", [4096, 4096]],
    [0.001, "coast", [0, 0]],
  ])("at %d %% with %s", async (speed, stop, expected) => {
    const { clock, shared, high } = bench();
    await clock.run(pca9685Motor.connect(shared, { options: { stop } }).set("motor2", speed));
    expect([high(4), high(5)]).toEqual(expected);
  });

  it("turn round in one transfer", async () => {
    const { clock, log, shared } = bench();
    const session = pca9685Motor.connect(shared);
    await clock.run(session.set("motor0", 50));
    log.length = 0;
    await clock.run(session.set("motor0", -50));
    expect(log).toEqual(["06 00 00 00 10 00 00 00 08"]);
  });
});
