import { describe, expect, it } from "vitest";
import { gaussian, reading, throughJson } from "../../test/support/series";
import { Age } from "./age";
import { DeviceCounter } from "./device-counter";
import { DeviceLife, type DeviceLifeOptions } from "./device-life";
import type { LifeEstimator, LifeVerdict } from "./estimate";
import { extrapolationFactory } from "./extrapolation";
import { checkedReport, LifeReport } from "./report";

const at = (timestamp: number) => ({ deviceId: "d1", timestamp });
const predicted = (hours: number): LifeVerdict => ({
  phase: "predicted",
  life: { hours, low: hours / 2, high: hours * 2 },
});
const report = checkedReport({ model: "extrapolation" });

describe("age", () => {
  it("goes by the calendar, by readings, or by a counter that may start again", () => {
    expect(new Age("calendar", 1).at(7_200_000)).toBe(2);
    const readings = new Age("readings", 0.5);
    expect([readings.at(0), readings.at(1)]).toEqual([0.5, 1]);
    const counter = new Age("counter", 2);
    expect(counter.at(0)).toBeUndefined();
    const ages = [100, 110, 3, 5].map((count) => {
      counter.count(count);
      return counter.at(0);
    });
    expect(ages).toEqual([200, 220, 220, 224]);
    expect(() => new Age("counter", 0)).toThrow("hoursPerCount: expected a number above 0, got 0");
  });
});

describe("the counter of a device", () => {
  const totals = (counts: readonly number[]): (number | undefined)[] => {
    const counter = new DeviceCounter();
    return counts.map((count) => {
      counter.take(count);
      return counter.total;
    });
  };

  it("stays where it is when it reads 0 for a while, or leaps and falls back", () => {
    expect(totals([290, 291, 292, 0, 293, 0, 0, 0, 294])).toEqual([290, 291, 292, 292, 293, 293, 293, 293, 294]);
    expect(totals([290, 291, 65_535, 292, 293])).toEqual([290, 291, 291, 292, 293]);
  });

  it("goes on from where it was when it counts on from below, or after a pause from far above", () => {
    expect(totals([290, 291, 0, 0, 1, 2])).toEqual([290, 291, 291, 291, 292, 293]);
    expect(totals([290, 291, 9000, 9001, 9002])).toEqual([290, 291, 291, 9001, 9002]);
  });

  it("goes on after a restart of the process as if there had been none, also from what was saved of old", () => {
    const counts = [290, 291, 292, 0, 293, 0, 0, 2, 3, 9000, 9001];
    const whole = new DeviceCounter();
    let parted = new DeviceCounter();
    for (const count of counts) {
      const restored = new DeviceCounter();
      restored.restore(throughJson(parted.snapshot()));
      parted = restored;
      parted.take(count);
      whole.take(count);
      expect(parted.total).toBe(whole.total);
    }
    const age = new Age("counter", 2);
    age.restore({ counter: 5, offset: 107, readings: 0 });
    age.count(6);
    expect(age.at(0)).toBe(226);
  });
});

describe("reports", () => {
  it("claim a remaining life only where there is one, and tell each change of phase once", () => {
    const reports = new LifeReport(report);
    expect(reports.take({ phase: "learning" }, at(0))).toEqual({ lives: [], phases: [] });
    const healthy = reports.take({ phase: "healthy" }, at(1));
    expect(healthy.lives).toEqual([]);
    expect(healthy.phases).toMatchObject([{ sensor: "rul.phase", value: "healthy", deviceId: "d1", timestamp: 1 }]);
    expect(reports.take({ phase: "healthy" }, at(2)).phases).toEqual([]);
    const prediction = { model: "extrapolation", value: 100, low: 50, high: 200, unit: "h" };
    expect(reports.take(predicted(100), { ...at(3), historical: true }).lives).toEqual([
      { ...at(3), sensor: "rul", value: 100, unit: "h", quality: "good", historical: true, prediction },
      {
        ...at(3),
        sensor: "maintenance_recommended",
        value: false,
        unit: "1",
        quality: "good",
        historical: true,
        metadata: { hours: "100" },
        prediction,
      },
    ]);
  });

  it("recommend maintenance below 48 h, and until the life is a quarter longer again", () => {
    const reports = new LifeReport(report);
    const due = [60, 48, 47.9, 50, 59, 60, 50].map((hours, i) => reports.take(predicted(hours), at(i)).lives[1]?.value);
    expect(due).toEqual([false, false, true, true, true, false, false]);
  });

  it("can go by the careful end of the interval", () => {
    const reports = new LifeReport(checkedReport({ model: "x", dueBy: "low" }));
    expect(reports.take(predicted(97), at(0)).lives[1]?.value).toBe(false);
    expect(reports.take(predicted(95), at(1)).lives[1]?.value).toBe(true);
  });

  it("keep a recommendation while wear is uncertain, and take it back once the device is healthy", () => {
    const reports = new LifeReport(report);
    reports.take(predicted(10), at(0));
    expect(reports.take({ phase: "degrading" }, at(1)).lives).toEqual([]);
    expect(reports.isDue).toBe(true);
    expect(reports.take({ phase: "healthy" }, at(2)).lives).toMatchObject([
      { sensor: "maintenance_recommended", value: false },
    ]);
  });

  it("withdraw what was recommended of a device that will be forgotten", () => {
    const reports = new LifeReport(report);
    expect(reports.withdrawal("d1")).toBeUndefined();
    reports.take(predicted(10), at(5));
    expect(reports.withdrawal("d1")).toEqual({
      ...at(5),
      sensor: "maintenance_recommended",
      value: false,
      unit: "1",
      quality: "good",
    });
  });

  it("are as good as what they are made of, and invent no end that is not known", () => {
    const reports = new LifeReport(checkedReport({ model: "m", dueBy: "low" }));
    const { lives } = reports.take({ phase: "predicted", life: { hours: 40 } }, { ...at(0), quality: "uncertain" });
    expect(lives).toMatchObject([
      { sensor: "rul", quality: "uncertain" },
      { sensor: "maintenance_recommended", value: true, quality: "uncertain" },
    ]);
    expect(lives[0]?.prediction).toEqual({ model: "m", value: 40, unit: "h" });
  });

  it("leave out an upper end that is beyond the horizon", () => {
    const { lives } = new LifeReport(report).take({ phase: "predicted", life: { hours: 9, low: 1 } }, at(0));
    expect(lives[0]?.prediction).toEqual({ model: "extrapolation", value: 9, low: 1, unit: "h" });
  });
});

/** Remembers what it was given. */
class Recorder implements LifeEstimator {
  readonly pushed: [number, number][] = [];
  push(value: number, hours: number): void {
    this.pushed.push([value, hours]);
  }
  verdict(): LifeVerdict {
    return predicted(this.pushed.length);
  }
  snapshot(): unknown {
    return this.pushed;
  }
  restore(state: unknown): void {
    this.pushed.push(...(state as [number, number][]));
  }
}

describe("the life of a device", () => {
  const options: DeviceLifeOptions = { sensor: "wear", ageBy: "counter", counter: "cycles", hoursPerCount: 2, report };
  const wear = (value: number | string | null, timestamp = 0) =>
    reading(value, timestamp, { sensor: "wear", quality: value === null ? "bad" : "good" });
  const cycles = (value: number) => reading(value, 0, { sensor: "cycles" });

  it("is estimated from its figure of wear at the age its counter tells; anything else changes nothing", () => {
    const recorder = new Recorder();
    const device = new DeviceLife(recorder, options);
    expect(() => device.push(wear(1))).toThrow("no reading of the counter d1/cycles yet");
    for (const one of [cycles(10), wear(5), reading(99), wear(null), cycles(11), wear(6)]) device.push(one);
    expect(() => device.push(wear("worn"))).toThrow('d1/wear: expected a number of at most 1e150, got "worn"');
    expect(recorder.pushed).toEqual([
      [5, 20],
      [6, 22],
    ]);
  });

  it("is reported at most so often in the readings' own time, and learned from every time", () => {
    const recorder = new Recorder();
    const every = checkedReport({ model: "x", every: 1000 });
    const device = new DeviceLife(recorder, { ...options, ageBy: "calendar", report: every });
    const reported = [0, 400, 999, 1000, 1500].filter((time) => device.push(wear(1, time)).lives.length > 0);
    expect(reported).toEqual([0, 1000]);
    expect(recorder.pushed).toHaveLength(5);
  });

  const calendar = { ...options, ageBy: "calendar" } as const;
  const HOUR = 3_600_000;
  const YEAR = 365 * 24 * HOUR;
  const hourly = (device: DeviceLife, from: number, count: number) =>
    Array.from({ length: count }, (_, i) => device.push(wear(i, (from + i) * HOUR)));
  const agesOf = ({ pushed }: Recorder): number[] => pushed.map(([, hours]) => hours);

  it("goes on after a reading dated far ahead, which it leaves out and tells of", () => {
    const recorder = new Recorder();
    const device = new DeviceLife(recorder, calendar);
    hourly(device, 0, 5);
    expect(device.push(wear(9, 20 * YEAR))).toEqual({ lives: [], phases: [], leftOut: "far ahead" });
    expect(device.doubt).toMatchObject({ cause: "far ahead", text: expect.stringContaining("1989-12-27") });
    hourly(device, 5, 11);
    expect(agesOf(recorder)).toEqual(Array.from({ length: 16 }, (_, i) => i));
    expect(device.doubt).toBeUndefined();
  });

  it("is learned of a device that is measured weekly after its commissioning, without a doubt", () => {
    const recorder = new Recorder();
    const device = new DeviceLife(recorder, calendar);
    for (let minute = 0; minute < 60; minute++) device.push(wear(1, minute * 60_000));
    const weekly = Array.from({ length: 20 }, (_, week) => device.push(wear(2, (week + 1) * 7 * 24 * HOUR)).leftOut);
    expect(weekly).toEqual(["far ahead", ...new Array(19).fill(undefined)]);
    expect(recorder.pushed).toHaveLength(60 + 19);
    expect(device.doubt).toBeUndefined();
  });

  it("goes on from its age when its clock was set back, or its first reading was dated far ahead", () => {
    const recorder = new Recorder();
    const device = new DeviceLife(recorder, calendar);
    device.push(wear(1, 20 * YEAR));
    const steps = hourly(device, 0, 12);
    expect(steps.map(({ leftOut }) => leftOut)).toEqual([
      ...new Array(9).fill("late"),
      ...new Array(3).fill(undefined),
    ]);
    expect(device.doubt?.cause).toBe("clock set back");
    const before = (20 * YEAR) / HOUR;
    expect(agesOf(recorder)).toEqual([before, before, before + 1, before + 2]);
  });

  const dated = (device: DeviceLife, times: readonly number[]) => times.map((time) => device.push(wear(1, time)));
  const minutely = (from: number, count: number): number[] =>
    Array.from({ length: count }, (_, i) => from + i * 60_000);
  const START = 56 * YEAR;
  const BEGUN = START / HOUR;

  it.each([
    ["1970, as after a reboot", minutely(0, 15)],
    ["1970 for long", minutely(0, 300)],
    ["2046 twice", minutely(76 * YEAR, 2)],
    ["2046 for long", minutely(76 * YEAR, 300)],
  ])("comes back to its age after readings of %s", (_, wrong) => {
    const recorder = new Recorder();
    const device = new DeviceLife(recorder, calendar);
    hourly(device, BEGUN, 200);
    dated(device, wrong);
    hourly(device, BEGUN + 205, 30);
    const ages = agesOf(recorder).map((age) => age - BEGUN);
    expect(ages.slice(-20)).toEqual(Array.from({ length: 20 }, (_, i) => 215 + i));
    expect(Math.max(...ages)).toBe(234);
    expect([...ages].sort((a, b) => a - b)).toEqual(ages);
  });

  it("ages in a pause, but not in one that is longer than all that is known of it", () => {
    const recorder = new Recorder();
    const device = new DeviceLife(recorder, calendar);
    hourly(device, BEGUN, 200);
    hourly(device, BEGUN + 300, 20);
    expect(device.doubt).toBeUndefined();
    expect(agesOf(recorder).at(-1)).toBe(BEGUN + 319);
    hourly(device, BEGUN + 319 + 5000, 3);
    expect(device.doubt).toMatchObject({ cause: "pause", text: expect.stringContaining("after a long pause") });
    expect(agesOf(recorder).slice(-3)).toEqual([BEGUN + 319, BEGUN + 320, BEGUN + 321]);
    hourly(device, BEGUN + 319 + 5003, 12);
    expect(device.doubt).toBeUndefined();
  });

  it("goes on from its age, and not back, when the time that it left is passed before a pause", () => {
    const recorder = new Recorder();
    const device = new DeviceLife(recorder, calendar);
    hourly(device, BEGUN, 200);
    // Set back by 50 h, for good.
    hourly(device, BEGUN + 150, 60);
    hourly(device, BEGUN + 309, 4);
    expect(agesOf(recorder).slice(-3)).toEqual([BEGUN + 350, BEGUN + 351, BEGUN + 352]);
  });

  it("has the same age when it is saved and restored at every reading", () => {
    const whole = new Recorder();
    const parted = new Recorder();
    const device = new DeviceLife(whole, calendar);
    let resumed = new DeviceLife(parted, calendar);
    const hours = (from: number, count: number) => minutely(0, count).map((_, i) => START + (from + i) * HOUR);
    for (const time of [
      ...hours(0, 60),
      ...minutely(0, 15),
      ...hours(60, 5),
      ...minutely(76 * YEAR, 3),
      ...hours(66, 20),
    ]) {
      const next = new DeviceLife(parted, calendar);
      const { estimator, ...state } = throughJson(resumed.snapshot()) as Record<string, unknown>;
      next.restore({ ...state, estimator: [] });
      resumed = next;
      expect(resumed.push(wear(1, time))).toEqual(device.push(wear(1, time)));
    }
    expect(parted.pushed).toEqual(whole.pushed);
  });

  it.each([
    ["two readings of 2046", minutely(76 * YEAR, 2)],
    ["fifteen of 1970", minutely(0, 15)],
  ])("recommends no maintenance because of %s", (_, wrong) => {
    const noise = gaussian(1);
    const device = new DeviceLife(extrapolationFactory({ failure: 10 })(), {
      ...calendar,
      report: checkedReport({ model: "extrapolation", every: 5 * HOUR }),
    });
    const level = (hour: number): number => 1 + (9 * Math.max(0, hour - 80)) / 400 + 0.1 * noise();
    const lives = Array.from({ length: 400 }, (_, hour) => {
      if (hour === 300) for (const time of wrong) device.push(wear(level(hour), time));
      return device.push(wear(level(hour), START + hour * HOUR)).lives[0];
    });
    const claims = lives.flatMap((life, hour) => (life && hour > 300 ? Number(life.value) / (480 - hour) : []));
    expect(claims.length).toBeGreaterThan(10);
    expect(Math.min(...claims)).toBeGreaterThan(0.85);
    expect(Math.max(...claims)).toBeLessThan(1.15);
    expect(device.report.isDue).toBe(false);
  });

  it("counts a cycle that is not learned from", () => {
    const recorder = new Recorder();
    const device = new DeviceLife(recorder, { ...options, ageBy: "readings", hoursPerCount: 1 });
    for (const one of [wear(1, 0), wear(null, 1), wear(2, 4), wear(2, 3), wear(3, 5)]) device.push(one);
    expect(recorder.pushed).toEqual([
      [1, 1],
      [2, 3],
      [3, 5],
    ]);
  });

  it("counts a cycle once that is delivered twice, at once or late, also after a restart", () => {
    const recorder = new Recorder();
    const cycles = { ...options, ageBy: "readings", hoursPerCount: 1 } as const;
    const before = new DeviceLife(recorder, cycles);
    for (const time of [0, 0, 1, 2, 1, 2, 4, 3, 3, 1]) before.push(wear(1, time * HOUR));
    const { estimator, ...state } = throughJson(before.snapshot()) as Record<string, unknown>;
    const device = new DeviceLife(recorder, cycles);
    device.restore({ ...state, estimator: [] });
    for (const time of [4, 5, 0]) device.push(wear(1, time * HOUR));
    expect(agesOf(recorder).at(-1)).toBe(6);
  });

  it("counts what was held back and not what is sent again, however much it is, and goes on when the clock is set back", () => {
    const recorder = new Recorder();
    const device = new DeviceLife(recorder, { ...options, ageBy: "readings", hoursPerCount: 1 });
    const cycle = (number: number): number => START + number * 10_000;
    const cyclesFrom = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => cycle(from + i));
    // Of two hundred cycles a hundred are held back, and come after three newer ones; then most are sent again.
    dated(device, [...cyclesFrom(0, 100), ...cyclesFrom(200, 203), ...cyclesFrom(100, 200), ...cyclesFrom(0, 150)]);
    dated(device, [cycle(203)]);
    expect(agesOf(recorder).at(-1)).toBe(204);
    dated(device, minutely(START - YEAR, 30));
    // The nine that were late until the clock was believed were older than all that was known.
    expect(agesOf(recorder).at(-1)).toBe(204 + 30 - 9);
  });

  it("goes on from the cycles of a state in which every reading counted", () => {
    const age = new Age("readings", 2);
    age.restore({ counter: { offset: 0, rises: 0 }, readings: 7 });
    expect(age.at(1)).toBe(16);
  });

  it("learns nothing from uncertain values, and tells when they last", () => {
    const recorder = new Recorder();
    const device = new DeviceLife(recorder, calendar);
    hourly(device, 0, 3);
    const uncertain = Array.from({ length: 10 }, (_, i) => ({
      ...wear(0, (3 + i) * HOUR),
      quality: "uncertain" as const,
    }));
    const steps = uncertain.map((one) => [device.push(one).leftOut, device.doubt?.cause]);
    expect(steps).toEqual([...new Array(9).fill(["uncertain", undefined]), ["uncertain", "uncertain"]]);
    expect(recorder.pushed).toHaveLength(3);
    hourly(device, 13, 11);
    expect(device.doubt).toBeUndefined();
    expect(agesOf(recorder).slice(2, 4)).toEqual([2, 13]);
  });

  it.each(["wear", "cycles"])("refuses %s in another unit, also after a restart", (sensor) => {
    const recorder = new Recorder();
    const device = new DeviceLife(recorder, options);
    device.push({ ...cycles(1), unit: "h" });
    device.push({ ...wear(1), unit: "h" });
    const resumed = new DeviceLife(recorder, options);
    resumed.restore(throughJson(device.snapshot()));
    for (const each of [device, resumed]) {
      const said = new RegExp(`^d1/${sensor}: its unit is d after h: .*reset to begin anew$`);
      expect(() => each.push({ ...(sensor === "wear" ? wear(2) : cycles(2)), unit: "d" })).toThrow(said);
    }
    expect(recorder.pushed).toHaveLength(2);
  });

  it("continues from a snapshot", () => {
    const device = new DeviceLife(new Recorder(), options);
    device.push(cycles(10));
    device.push(wear(5));
    const recorder = new Recorder();
    const resumed = new DeviceLife(recorder, options);
    resumed.restore(throughJson(device.snapshot()));
    resumed.push(wear(6));
    expect(recorder.pushed).toEqual([
      [5, 20],
      [6, 20],
    ]);
    expect(resumed.report.phase).toBe("predicted");
  });
});
