import { describe, expect, it } from "vitest";
import { reading, throughJson } from "../../test/support/series";
import { Age } from "./age";
import { DeviceLife, type DeviceLifeOptions } from "./device-life";
import type { LifeEstimator, LifeVerdict } from "./estimate";
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
    expect([readings.at(0), readings.at(0)]).toEqual([0.5, 1]);
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
    for (const one of [cycles(10), wear(5), reading(99), wear(null), wear("worn"), cycles(11), wear(6)])
      device.push(one);
    expect(recorder.pushed).toEqual([
      [5, 20],
      [6, 22],
    ]);
  });

  it("is reported at most so often in the readings' own time, and learned from every time", () => {
    const recorder = new Recorder();
    const every = checkedReport({ model: "x", every: 1000 });
    const device = new DeviceLife(recorder, { ...options, ageBy: "calendar", report: every });
    // The last one is of a clock that was set back, or of a recording played again.
    const reported = [0, 400, 999, 1000, 1500, -50].filter((time) => device.push(wear(1, time)).lives.length > 0);
    expect(reported).toEqual([0, 1000, -50]);
    expect(recorder.pushed).toHaveLength(6);
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
