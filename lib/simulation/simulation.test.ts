import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../codec";
import { jsonCodec } from "../codec/native-json";
import {
  type DeviceSpec,
  devicesOf,
  type EventSpec,
  parseScenario,
  plantedEvents,
  type Scenario,
  SimulatedDevice,
} from ".";
import { gaussian, uniform, wander } from "./random";

const sensor = { type: "t", unit: "Cel", curve: { kind: "constant", value: 10 } } as const;
const device = (events: EventSpec[] = [], over: Partial<DeviceSpec> = {}): DeviceSpec => ({
  id: "d",
  interval: 1,
  sensors: [sensor],
  events,
  ...over,
});
const values = (events: EventSpec[], seconds: number[], over: object = {}) => {
  const simulated = new SimulatedDevice(device(events), 1);
  return seconds.map((at) => simulated.valueAt({ ...sensor, ...over }, at));
};

describe("planted events", () => {
  it("a spike adds its amount while it lasts, and comes again", () => {
    expect(
      values(
        [{ kind: "spike", sensor: "t", amount: 5, at: 10, duration: 2, every: 20 }],
        [9, 10, 11.9, 12, 29.9, 30, 32],
      ),
    ).toEqual([10, 15, 15, 10, 10, 15, 10]);
  });

  it("a drift grows", () => {
    expect(values([{ kind: "drift", sensor: "t", amount: 8, at: 0, duration: 4 }], [0, 1, 2, 3, 4])).toEqual([
      10, 12, 14, 16, 10,
    ]);
  });

  it("an excursion goes to its value and back", () => {
    expect(
      values(
        [{ kind: "excursion", sensor: "t", value: 30, ramp: 2, at: 10, duration: 10 }],
        [10, 11, 12, 15, 18, 19, 20],
      ),
    ).toEqual([10, 20, 30, 30, 30, 20, 10]);
  });

  it("a stuck sensor repeats the value at which it began, noise and all", () => {
    const noisy = { noise: 1, decimals: 6 };
    const stuck = values([{ kind: "stuck", sensor: "t", at: 10, duration: 5 }], [10, 11, 12, 14], noisy);
    expect(new Set(stuck).size).toBe(1);
    expect(new Set(values([], [10, 11, 12, 14], noisy)).size).toBe(4);
    expect(values([], [10], noisy)).toEqual([stuck[0]]);
  });

  it("a dropout takes the device off the network", () => {
    const simulated = new SimulatedDevice(device([{ kind: "dropout", at: 5, duration: 3, every: 10 }]), 1);
    expect([0, 5, 7.9, 8, 15, 18].map((at) => simulated.isOnline(at))).toEqual([true, false, false, true, false, true]);
  });

  it("are listed in the order in which they come", () => {
    const spike: EventSpec = { kind: "spike", sensor: "t", amount: 5, at: 10, duration: 2, every: 20 };
    const scenario: Scenario = {
      name: "s",
      seed: 1,
      devices: [device([spike, { kind: "dropout", at: 15, duration: 5 }])],
    };
    expect(plantedEvents(scenario, 40)).toEqual([
      { deviceId: "d", sensor: "t", kind: "spike", from: 10, to: 12 },
      { deviceId: "d", kind: "dropout", from: 15, to: 20 },
      { deviceId: "d", sensor: "t", kind: "spike", from: 30, to: 32 },
    ]);
  });
});

describe("curves", () => {
  it.each([
    [{ kind: "sine", mean: 10, amplitude: 2, period: 8 }, [10, 12, 10, 8]],
    [{ kind: "daylight", peak: 100, period: 8 }, [0, 100, 0, 0]],
    [{ kind: "sawtooth", from: 100, to: 0, period: 8 }, [100, 75, 50, 25]],
    [{ kind: "square", low: 1, high: 9, period: 8, duty: 0.5 }, [9, 9, 1, 1]],
  ] as const)("%j", (curve, expected) => {
    expect(values([], [0, 2, 4, 6], { curve })).toEqual(expected);
    expect(values([], [8, 10, 12, 14], { curve })).toEqual(expected);
  });

  it("stay within the sensor's limits and digits", () => {
    expect(values([], [0], { curve: { kind: "constant", value: 101.239 }, max: 100 })).toEqual([100]);
    expect(values([], [0], { curve: { kind: "constant", value: 1.23456 }, decimals: 1 })).toEqual([1.2]);
    expect(Object.is(values([], [0], { curve: { kind: "constant", value: -0.001 } })[0], 0)).toBe(true);
    expect(values([], [0], { curve: { kind: "constant", value: 1 }, boolean: true })).toEqual([true]);
  });
});

describe("randomness", () => {
  it("has the moments that it claims", () => {
    const sample = Array.from({ length: 20_000 }, (_, index) => gaussian(42, index));
    const mean = sample.reduce((sum, x) => sum + x) / sample.length;
    const variance = sample.reduce((sum, x) => sum + (x - mean) ** 2, 0) / sample.length;
    // Five standard errors of the mean (1/sqrt n) and of the variance (sqrt(2/n)) of a standard normal sample.
    expect(Math.abs(mean)).toBeLessThan(5 / Math.sqrt(sample.length));
    expect(Math.abs(variance - 1)).toBeLessThan(5 * Math.sqrt(2 / sample.length));
  });

  it("is the same for the same seed, within its bounds, and never ends", () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer(), (seed, index) => {
        expect(uniform(seed, index)).toBe(uniform(seed, index));
        expect(uniform(seed, index)).toBeGreaterThan(0);
        expect(uniform(seed, index)).toBeLessThan(1);
        expect(Number.isFinite(gaussian(seed, index))).toBe(true);
        expect(Math.abs(wander(seed, index / 7))).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe("a scenario", () => {
  const valid = { name: "s", seed: 1, devices: [{ id: "d", interval: 1, sensors: [sensor] }] };

  it("of one seed is always the same, of another seed another", () => {
    const messages = (seed: number) => {
      const noisy = device([], { sensors: [{ ...sensor, noise: 1, wander: { amount: 2, period: 10 } }] });
      const simulated = new SimulatedDevice(noisy, seed);
      return Array.from({ length: 50 }, (_, index) => simulated.message(index, index, 0));
    };
    expect(messages(7)).toEqual(messages(7));
    expect(messages(7)).not.toEqual(messages(8));
  });

  it.each([
    [[], "expected an object, got an array of 0"],
    [{ ...valid, devices: {} }, "devices: expected a list, got an object"],
    [{ ...valid, devices: [...valid.devices, ...valid.devices] }, 'devices: the id "d" is there twice'],
    [{ ...valid, devices: [{ ...valid.devices[0], id: "a/b" }] }, "devices[0].id: must not contain /"],
    [{ ...valid, devices: [{ ...valid.devices[0], interval: 0 }] }, "devices[0].interval: expected more than 0, got 0"],
    [{ ...valid, devices: [{ ...valid.devices[0], sensors: [] }] }, "devices[0].sensors: expected at least one sensor"],
    [
      { ...valid, devices: [{ ...valid.devices[0], sensors: [{ ...sensor, curve: { kind: "cube" } }] }] },
      'devices[0].sensors[0].curve.kind: expected constant, sine, daylight, sawtooth or square, got "cube"',
    ],
    [
      {
        ...valid,
        devices: [{ ...valid.devices[0], events: [{ kind: "spike", sensor: "x", at: 0, duration: 1, amount: 1 }] }],
      },
      'devices[0].events[0].sensor: the device has no sensor "x"',
    ],
    [
      { ...valid, devices: [{ ...valid.devices[0], events: [{ kind: "dropout", at: 0, duration: 5, every: 3 }] }] },
      "devices[0].events[0].every: expected at least 5, got 3",
    ],
    [
      { ...valid, devices: [{ ...valid.devices[0], events: [{ kind: "spike", sensor: "t", at: 0, duration: 1 }] }] },
      "devices[0].events[0].amount: expected a number, got undefined",
    ],
  ])("that is wrong says where: %#", (input, message) => {
    expect(() => parseScenario(input)).toThrow(message);
  });
});

const folder = `${__dirname}/../../scripts/devices/scenarios`;
describe.each(readdirSync(folder))("the shipped scenario %s", (file) => {
  const scenario = parseScenario(JSON.parse(readFileSync(`${folder}/${file}`, "utf8")));

  it("gives telemetry that the native codec reads, at any time", () => {
    const codec = jsonCodec(DEFAULT_LIMITS);
    for (const simulated of devicesOf(scenario)) {
      for (let index = 0; index < 1000; index++) {
        const message = simulated.message(index, index, 1_700_000_000_000);
        const context = { deviceId: simulated.spec.id, topic: "t", receivedAt: 0 };
        const readings = codec.decode(Buffer.from(JSON.stringify(message)), context);
        expect(readings).toHaveLength(simulated.spec.sensors.length);
      }
    }
  });

  it("has an event on every device within the first five minutes", () => {
    const early = plantedEvents(scenario, 300);
    expect(new Set(early.map(({ deviceId }) => deviceId)).size).toBe(scenario.devices.length);
  });

  it("shows every planted excursion far outside what the sensor shows otherwise", () => {
    for (const simulated of devicesOf(scenario)) {
      const excursions = simulated.spec.events.filter((event) => event.kind === "excursion");
      for (const event of excursions) {
        const measured = simulated.spec.sensors.find(({ type }) => type === event.sensor)!;
        const quiet = new SimulatedDevice({ ...simulated.spec, events: [] }, scenario.seed);
        const usual = Array.from({ length: 600 }, (_, at) => Number(quiet.valueAt(measured, at)));
        const peak = Number(simulated.valueAt(measured, event.at + event.duration / 2));
        expect(peak < Math.min(...usual) || peak > Math.max(...usual)).toBe(true);
      }
    }
  });
});
