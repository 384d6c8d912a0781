import { describe, expect, it } from "vitest";
import { reading, throughJson } from "../../test/support/series";
import type { Reading } from "../reading";
import {
  DEFAULT_COEFFICIENTS,
  type DeviceMaintenance,
  MAINTENANCE_FEATURES,
  type MaintenanceFeature,
  type MaintenanceFeatures,
  type MaintenanceOptions,
  MaintenanceWeek,
  maintenanceFactory,
  maintenanceProbability,
  maintenanceSeverity,
} from "./index";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const RANGES = [
  { quantity: "temperature", sensor: "temperature", normal: 40, limit: 80 },
  { quantity: "vibration", sensor: "vibration.rms", normal: 1, limit: 5 },
] as const;
const OPTIONS: MaintenanceOptions = {
  ranges: RANGES,
  runningFrom: 1,
  coefficients: DEFAULT_COEFFICIENTS,
  severity: { medium: 0.7, high: 0.9 },
  every: HOUR,
};

const features = (over: Partial<Record<MaintenanceFeature, number>>): MaintenanceFeatures =>
  Object.fromEntries(
    MAINTENANCE_FEATURES.map((name) => [name, over[name] ?? (name === "days.operated" ? 1 : 0)]),
  ) as Record<MaintenanceFeature, number>;
const atLimit = (quantity: "temperature" | "vibration", level = 1) => ({
  [`${quantity}.mean`]: level,
  [`${quantity}.min`]: level - 0.2,
  [`${quantity}.max`]: level + 0.2,
  [`${quantity}.std`]: 0.1,
});

describe("maintenance probability", () => {
  it.each<[string, Partial<Record<MaintenanceFeature, number>>, number, number]>([
    ["a normal week", {}, 0.02, 0.04],
    ["one quantity that touched its limit", { "vibration.max": 1, "vibration.std": 0.1 }, 0.08, 0.2],
    ["one quantity at its limit all week", atLimit("vibration"), 0.7, 0.9],
    ["one quantity 30 % beyond it", atLimit("vibration", 1.3), 0.9, 1],
    ["two quantities at their limits", { ...atLimit("vibration"), ...atLimit("temperature") }, 0.95, 1],
    ["a broken sensor without the others", { "temperature.min": -1e9 }, 0, 0.04],
  ])("means what an engineer would say of %s", (_, week, from, to) => {
    const probability = maintenanceProbability(features(week), DEFAULT_COEFFICIENTS);
    expect(probability).toBeGreaterThan(from);
    expect(probability).toBeLessThan(to);
  });

  it("is the logistic function of the weighted sum", () => {
    const coefficients = { ...features({}), "days.operated": 2, "pressure.std": 3, intercept: -1 };
    // 1 / (1 + exp(-(-1 + 2 * 1 + 3 * 0.5)))
    expect(maintenanceProbability(features({ "pressure.std": 0.5 }), coefficients)).toBeCloseTo(0.924141819978757, 12);
  });

  it("is medium above 0.7 and high above 0.9", () => {
    const limits = { medium: 0.7, high: 0.9 };
    expect([0.7, 0.71, 0.9, 0.91].map((p) => maintenanceSeverity(p, limits))).toEqual([
      undefined,
      "medium",
      "medium",
      "high",
    ]);
  });
});

describe("a week of a machine", () => {
  const temperature = (value: number | null, timestamp: number): Reading =>
    reading(value, timestamp, { quality: value === null ? "bad" : "good" });

  it("has statistics of seven days, relative to normal and limit", () => {
    const week = new MaintenanceWeek(OPTIONS);
    for (const [i, value] of [40, 60, 80, 100].entries()) week.push(temperature(value, i * HOUR));
    week.push(temperature(null, 5 * HOUR));
    week.push(reading("hot", 5 * HOUR));
    week.push(reading(5, 5 * HOUR, { sensor: "vibration.rms" }));
    expect(week.features()).toMatchObject({
      "temperature.mean": 0.75,
      "temperature.min": 0,
      "temperature.max": 1.5,
      // Sample standard deviation of 0, 0.5, 1, 1.5.
      "temperature.std": expect.closeTo(0.6454972243679028, 12),
      "vibration.mean": 1,
      "vibration.std": 0,
      "pressure.mean": 0,
    });
  });

  it("forgets what is older than seven days, and leaves out what comes that late", () => {
    const week = new MaintenanceWeek(OPTIONS);
    week.push(temperature(80, 0));
    for (let day = 1; day <= 7; day++) week.push(temperature(40, day * DAY + HOUR));
    expect(week.features()["temperature.max"]).toBe(0);
    week.push(temperature(80, 0));
    expect(week.features()["temperature.max"]).toBe(0);
    week.push(temperature(80, 3 * DAY));
    expect(week.features()["temperature.max"]).toBe(1);
  });

  it("counts operating hours of whole days while the machine runs, and no pauses in reporting", () => {
    const week = new MaintenanceWeek({ ...OPTIONS, runningSensor: "current" });
    const current = (value: number, timestamp: number) => week.push(reading(value, timestamp, { sensor: "current" }));
    // Day 0: runs for 8 h. Day 1: for 4 h, then it does not report. Day 2: stands. Day 3 is under way.
    for (let half = 0; half <= 48; half++) current(half <= 16 ? 3 : 0, half * (HOUR / 2));
    for (let half = 0; half <= 8; half++) current(3, DAY + HOUR + half * (HOUR / 2));
    for (let half = 0; half < 48; half++) current(0, 2 * DAY + half * (HOUR / 2));
    current(3, 3 * DAY);
    const found = week.features();
    expect(found["days.operated"]).toBeCloseTo(2 / 3, 12);
    // Hours 8, 4 and 0: mean 4, sample standard deviation 4.
    expect(found["hours.variability"]).toBeCloseTo(1, 12);
  });

  it.each([
    [[], "sensors: expected at least one"],
    [[{ ...RANGES[0], limit: 40 }], "temperature: expected a limit other than normal, got 40"],
    [[RANGES[0], RANGES[0]], "sensors: expected temperature once"],
    [[{ ...RANGES[0], sensor: "" }], "sensors: expected a name for temperature"],
  ])("refuses ranges that mean nothing", (ranges, message) => {
    expect(() => new MaintenanceWeek({ ...OPTIONS, ranges })).toThrow(message);
  });
});

describe("maintenance of a device", () => {
  const hot = (hour: number): Reading => reading(95, hour * HOUR);
  const run = (device: DeviceMaintenance, from: number, to: number): Reading[] =>
    Array.from({ length: to - from }, (_, i) => device.push(hot(from + i)).result).filter((item) => item !== undefined);

  it("is reported after a whole day, with its severity", () => {
    const device = maintenanceFactory({ ...OPTIONS, ranges: [RANGES[0]] })();
    expect(run(device, 0, 24)).toEqual([]);
    expect(run(device, 24, 25)).toEqual([
      {
        deviceId: "d1",
        sensor: "maintenance_probability",
        value: expect.any(Number),
        unit: "1",
        timestamp: DAY,
        quality: "good",
        metadata: { days: "1", severity: "high" },
        prediction: { model: "maintenance", value: expect.any(Number), unit: "1" },
      },
    ]);
    expect(device.push(reading(95, DAY + 1)).result).toBeUndefined();
  });

  it("continues from a snapshot as if it had never stopped", () => {
    const whole = maintenanceFactory(OPTIONS)();
    const before = maintenanceFactory(OPTIONS)();
    run(whole, 0, 100);
    run(before, 0, 100);
    const resumed = maintenanceFactory(OPTIONS)();
    resumed.restore(throughJson(before.snapshot()));
    expect(run(resumed, 100, 260)).toEqual(run(whole, 100, 260));
  });

  describe("that goes wrong", () => {
    const FUTURE = Date.UTC(2046, 0, 1);
    const sick = (hour: number, over: readonly [string, string] = ["temperature", "vibration.rms"]): Reading[] => [
      reading(85, hour * HOUR, { sensor: over[0] }),
      reading(6, hour * HOUR, { sensor: over[1], unit: "mm/s" }),
    ];
    const given = (device: DeviceMaintenance, input: readonly Reading[]): Reading[] =>
      input.map((item) => device.push(item).result).filter((item) => item !== undefined);
    const hours = (from: number, to: number, over?: readonly [string, string]): Reading[] =>
      Array.from({ length: to - from }, (_, i) => sick(from + i, over)).flat();

    it("is uncertain without recent values of a quantity, and not given without any in the week", () => {
      const device = maintenanceFactory(OPTIONS)();
      const out = given(device, [...hours(0, 72), ...hours(72, 12 * 24, ["temp", "vib"])]);
      const since = (from: number, to: number) =>
        out.filter(({ timestamp }) => timestamp >= from * HOUR && timestamp < to * HOUR);
      expect(since(24, 120).every(({ quality }) => quality === "good")).toBe(true);
      const uncertain = since(121, 9 * 24);
      expect(uncertain).toHaveLength(95);
      expect(uncertain.every(({ quality, value }) => quality === "uncertain" && Number(value) > 0.9)).toBe(true);
      expect(uncertain[0]?.metadata?.reason).toBe(
        "no value of temperature since 1970-01-03T23:00:00.000Z; no value of vibration.rms since 1970-01-03T23:00:00.000Z",
      );
      expect(since(10 * 24, 12 * 24)).toEqual([]);
      expect(device.doubt).toMatchObject({ cause: "missing", text: uncertain[0]?.metadata?.reason });
    });

    it("is uncertain for a device that has never had one of the sensors, and nothing for one that has none", () => {
      const device = maintenanceFactory(OPTIONS)();
      const out = given(device, hours(0, 48, ["temperature", "other"]));
      expect(out.at(-1)).toMatchObject({ quality: "uncertain", metadata: { reason: "no value of vibration.rms" } });
      const other = maintenanceFactory(OPTIONS)();
      expect(given(other, hours(0, 48, ["x", "y"]))).toEqual([]);
      expect(other.doubt).toBeUndefined();
    });

    it("is uncertain when all of its sensors are broken or of another unit", () => {
      for (const over of [{ value: null, quality: "bad" }, { unit: "K" }] as const) {
        const device = maintenanceFactory(OPTIONS)();
        const good = given(device, hours(0, 72));
        expect(good.at(-1)?.quality).toBe("good");
        const broken = hours(72, 140).map((item) =>
          item.sensor === "temperature" || over.quality ? { ...item, ...over } : item,
        );
        const out = broken.flatMap((item) => {
          try {
            return device.push(item).result ?? [];
          } catch {
            return [];
          }
        });
        expect(out.at(-1)).toMatchObject({ quality: "uncertain", timestamp: 139 * HOUR });
        expect(out.at(-1)?.metadata?.reason).toContain("no value of temperature since");
        expect(device.doubt?.cause).toBe("missing");
      }
    });

    it("is uncertain when nothing tells any more whether the machine runs", () => {
      const device = maintenanceFactory({ ...OPTIONS, runningSensor: "current" })();
      expect(given(device, hours(0, 48)).at(-1)?.metadata?.reason).toBe("no value of current");
    });

    it("goes on after a reading of a wrong year, wherever it comes", () => {
      for (const at of [0, 1, 2, 400]) {
        const device = maintenanceFactory(OPTIONS)();
        const input = hours(0, 12 * 24);
        const wrong = [...input.slice(0, at), reading(41, FUTURE), ...input.slice(at)];
        const out = given(device, wrong);
        expect(out.at(-1)).toMatchObject({ timestamp: 287 * HOUR, quality: "good", metadata: { days: "7" } });
        // The second time of a device cannot be doubted yet; none is claimed of it more than once.
        expect(out.filter(({ timestamp }) => timestamp > 288 * HOUR).length).toBeLessThanOrEqual(1);
      }
    });

    it("goes on after two of a wrong year, with what it had", () => {
      const device = maintenanceFactory(OPTIONS)();
      given(device, hours(0, 96));
      given(device, [reading(41, FUTURE), reading(41, FUTURE + HOUR)]);
      const after = given(device, hours(96, 120));
      expect(after.at(-1)).toMatchObject({ timestamp: 119 * HOUR, metadata: { days: "4" } });
      expect(after.filter(({ timestamp }) => timestamp < 105 * HOUR)).toEqual([]);
      expect(device.doubt).toBeUndefined();
    });

    const START = 56 * 365 * 24;
    const well = (hour: number): Reading[] => [
      reading(41, hour * HOUR),
      reading(1.1, hour * HOUR, { sensor: "vibration.rms", unit: "mm/s" }),
    ];
    const wells = (from: number, count: number, step = 1): Reading[] =>
      Array.from({ length: count }, (_, i) => well(from + i * step)).flat();

    it.each([
      ["1970, as after a reboot", wells(0, 15, 1 / 60), 1],
      ["1970 for a day and a half", wells(0, 36), 36],
      ["2046 twice", wells(FUTURE / HOUR, 2, 1 / 60), 1],
      ["2046 for a day and a half", wells(FUTURE / HOUR, 36), 36],
    ])("takes its week back after readings of %s", (_, wrong, lasting) => {
      const device = maintenanceFactory(OPTIONS)();
      given(device, hours(START, START + 9 * 24));
      const meanwhile = given(device, wrong);
      // Of a time that began anew nothing is claimed for a day.
      expect(meanwhile.every(({ metadata }) => metadata?.days === "1")).toBe(true);
      expect(meanwhile.length > 0).toBe(lasting > 24);
      const after = given(device, wells(START + 9 * 24 + lasting, 14));
      expect(after.length).toBeGreaterThan(3);
      for (const result of after) {
        expect(result).toMatchObject({ quality: "good", metadata: { days: "7", severity: "high" } });
        expect(result.timestamp).toBeGreaterThanOrEqual((START + 9 * 24) * HOUR);
      }
    });

    it("claims nothing for a day when it did not report for more than a week, or its clock was set back by more", () => {
      for (const to of [START + 30 * 24, START - 30 * 24]) {
        const device = maintenanceFactory(OPTIONS)();
        given(device, hours(START, START + 9 * 24));
        expect(given(device, wells(to, 24))).toEqual([]);
        expect(given(device, wells(to + 24, 11)).at(-1)).toMatchObject({ quality: "good", metadata: { days: "1" } });
      }
    });

    it("goes on through a pause and a clock set back by less than a week, with what is no later", () => {
      const device = maintenanceFactory(OPTIONS)();
      given(device, hours(START, START + 9 * 24));
      const paused = given(device, wells(START + 12 * 24, 24));
      expect(paused.at(-1)).toMatchObject({ metadata: { days: "7" } });
      const back = given(device, wells(START + 10 * 24, 24));
      expect(back.at(-1)).toMatchObject({ metadata: { days: "7" }, timestamp: (START + 11 * 24 - 1) * HOUR });
    });

    it("says the same when it is saved and restored at every reading, whatever its time does", () => {
      const whole = maintenanceFactory(OPTIONS)();
      let parted = maintenanceFactory(OPTIONS)();
      const before = [...hours(START, START + 60), ...wells(0, 30), ...hours(START + 90, START + 100)];
      for (const one of [...before, ...wells(FUTURE / HOUR, 3), ...hours(START + 103, START + 140)]) {
        const resumed = maintenanceFactory(OPTIONS)();
        resumed.restore(throughJson(parted.snapshot()));
        parted = resumed;
        expect(parted.push(one)).toEqual(whole.push(one));
      }
    });

    it("says the field of a state that it cannot read", () => {
      for (const days of [[7], [["x", {}]]]) {
        expect(() => maintenanceFactory(OPTIONS)().restore({ week: { days } })).toThrow("days: expected");
      }
    });

    it("says which readings it leaves out", () => {
      const device = maintenanceFactory(OPTIONS)();
      given(device, hours(0, 9 * 24));
      expect(device.push(reading(41, FUTURE))).toEqual({ leftOut: "far ahead" });
      expect(device.doubt).toMatchObject({ cause: "far ahead", text: expect.stringContaining("2046-01-01") });
      expect(device.push(reading(41, HOUR))).toEqual({ leftOut: "late" });
      expect(device.push(reading(41, 5 * DAY))).toEqual({});
    });

    it("recovers from a state with a wrong time, that was saved before clocks were kept", () => {
      const device = maintenanceFactory(OPTIONS)();
      device.restore({ week: { first: FUTURE, latest: FUTURE, days: [] }, reported: FUTURE });
      expect(given(device, hours(0, 48)).at(-1)).toMatchObject({ timestamp: 47 * HOUR, quality: "good" });
    });

    it("takes what was known before for recent in such a state", () => {
      const device = maintenanceFactory(OPTIONS)();
      given(device, hours(0, 48));
      const state = throughJson(device.snapshot()) as { week: Record<string, unknown> };
      const { clock, heard, ...week } = state.week;
      const resumed = maintenanceFactory(OPTIONS)();
      resumed.restore({ ...state, week: { ...week, latest: 47 * HOUR } });
      expect(given(resumed, hours(48, 49))).toEqual([expect.objectContaining({ quality: "good" })]);
    });

    it("refuses another unit, which its limits were not meant for", () => {
      const device = maintenanceFactory(OPTIONS)();
      given(device, hours(0, 2));
      expect(() => device.push(reading(358, 2 * HOUR, { unit: "K" }))).toThrow("its unit is K after Cel");
      expect(device.push(reading(1, 2 * HOUR, { sensor: "other", unit: "K" }))).toEqual({});
    });
  });

  it("checks its options", () => {
    expect(() => maintenanceFactory({ ...OPTIONS, severity: { medium: 0.9, high: 0.7 } })).toThrow("medium: expected");
    expect(() => maintenanceFactory({ ...OPTIONS, ranges: [] })).toThrow("sensors: expected at least one");
  });
});
