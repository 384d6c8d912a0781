import { describe, expect, it } from "vitest";
import { DeviceClock, type Tick } from "./device-clock";

const START = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const YEAR = 365 * 24 * HOUR;

function ticks(clock: DeviceClock, times: readonly number[]): Tick[] {
  return times.map((time) => clock.tick(time));
}

function minutes(count: number, from = START): number[] {
  return Array.from({ length: count }, (_, i) => from + i * MINUTE);
}

describe("the clock of a device", () => {
  it("goes on with every later reading and with those of the same time", () => {
    const clock = new DeviceClock();
    expect(ticks(clock, [...minutes(50), START + 49 * MINUTE])).toEqual(new Array(51).fill("on"));
    expect(clock.latest).toBe(START + 49 * MINUTE);
  });

  it("leaves one reading out that is dated far ahead, and all of its row", () => {
    const clock = new DeviceClock();
    ticks(clock, minutes(50));
    expect(ticks(clock, [START + 20 * YEAR, START + 20 * YEAR])).toEqual(["leap", "leap"]);
    expect(ticks(clock, minutes(3, START + 50 * MINUTE))).toEqual(["on", "on", "on"]);
  });

  it("believes in a long pause as soon as a second reading comes after it", () => {
    const clock = new DeviceClock();
    ticks(clock, minutes(50));
    expect(ticks(clock, minutes(3, START + 30 * 24 * HOUR))).toEqual(["leap", "resumed", "on"]);
  });

  it.each([
    ["weekly after three readings", 3, 7],
    ["every other day after a month by the minute", 43_200, 2],
    ["every four weeks after an hour", 60, 28],
  ])("believes a device that comes to report rarely: %s", (_, before, days) => {
    const clock = new DeviceClock();
    ticks(clock, minutes(before));
    const from = START + before * MINUTE;
    const rare = Array.from({ length: 50 }, (_, i) => from + (i + 1) * days * 24 * HOUR + (i % 3) * MINUTE);
    expect(ticks(clock, rare)).toEqual(["leap", ...told(rare.length - 1)]);
  });

  /** What confirms a leap and what comes after it. */
  const told = (count: number): Tick[] => ["resumed", ...new Array<Tick>(count - 1).fill("on")];

  it("doubts a step of three days of a device that reports hourly", () => {
    const clock = new DeviceClock();
    const hours = (count: number, from: number): number[] => Array.from({ length: count }, (_, i) => from + i * HOUR);
    ticks(clock, hours(300, START));
    expect(clock.tick(START + 372 * HOUR)).toBe("leap");
    expect(ticks(clock, hours(3, START + 300 * HOUR))).toEqual(["on", "on", "on"]);
  });

  it("believes a third leap in a row, however unlike they are", () => {
    const clock = new DeviceClock();
    ticks(clock, minutes(50));
    const days = [40, 43, 80, 95, 150];
    const leaps = days.map((day) => START + day * 24 * HOUR);
    expect(ticks(clock, leaps)).toEqual(["leap", "leap", "resumed", "on", "on"]);
  });

  it("does not doubt again a pause as long as those that it has known", () => {
    const clock = new DeviceClock();
    ticks(clock, minutes(5000));
    const wakings = Array.from({ length: 20 }, (_, i) => minutes(3, START + (i + 3) * 48 * HOUR)).flat();
    expect(ticks(clock, wakings)).toEqual(["leap", ...told(59)]);
    expect(ticks(clock, [START + 20 * YEAR])).toEqual(["leap"]);
  });

  it("doubts a wrong year as before after a pause, and after its clock was set from 1970", () => {
    const paused = new DeviceClock();
    ticks(paused, [...minutes(5), ...minutes(5, START + 30 * 24 * HOUR)]);
    expect(paused.tick(START + YEAR)).toBe("leap");
    const unset = new DeviceClock();
    ticks(unset, [...minutes(5, 0), ...minutes(5)]);
    expect(unset.tick(START + 20 * YEAR)).toBe("leap");
  });

  it("takes wrong years one after the other for mistakes until they are three that rise", () => {
    const clock = new DeviceClock();
    ticks(clock, minutes(50));
    const years = [20, 3, 60, 1, 30];
    const wrong = years.map((year) => START + year * YEAR);
    expect(ticks(clock, wrong)).toEqual(new Array(5).fill("leap"));
    expect(ticks(clock, minutes(2, START + HOUR))).toEqual(["on", "on"]);
  });

  it("does not doubt long intervals of a device that always has them", () => {
    const weekly = Array.from({ length: 60 }, (_, i) => START + i * 7 * 24 * HOUR);
    expect(ticks(new DeviceClock(), weekly)).toEqual(new Array(60).fill("on"));
  });

  it("begins anew when the first reading was dated far ahead", () => {
    const clock = new DeviceClock();
    const told = ticks(clock, [START + 20 * YEAR, ...minutes(12)]);
    expect(told).toEqual(["on", ...new Array(9).fill("late"), "restarted", "on", "on"]);
    expect(clock.latest).toBe(START + 11 * MINUTE);
  });

  it("begins anew when the device's clock was set back", () => {
    const clock = new DeviceClock();
    ticks(clock, minutes(50));
    expect(ticks(clock, minutes(11, START - 24 * HOUR)).slice(8)).toEqual(["late", "restarted", "on"]);
  });

  it("counts readings of one row as one step back", () => {
    const clock = new DeviceClock();
    ticks(clock, minutes(50));
    const rows = minutes(9, START - 24 * HOUR).flatMap((time) => [time, time, time]);
    expect(ticks(clock, rows)).toEqual(new Array(27).fill("late"));
  });

  it("takes late readings for late while newer ones come between them", () => {
    const clock = new DeviceClock();
    ticks(clock, minutes(50));
    const mixed = Array.from(
      { length: 60 },
      (_, i) => START + (i % 2 === 0 ? -24 * HOUR + i * MINUTE : (50 + i) * MINUTE),
    );
    const told = ticks(clock, mixed);
    expect(told.filter((tick) => tick === "late")).toHaveLength(30);
    expect(told.filter((tick) => tick === "on")).toHaveLength(30);
  });

  it("takes what was held back for less than an hour for late, however much it is", () => {
    const clock = new DeviceClock();
    ticks(clock, minutes(120));
    expect(new Set(ticks(clock, minutes(50, START + 65 * MINUTE)))).toEqual(new Set(["late"]));
  });

  it("goes on after a restart of the process as if there had been none", () => {
    const sparse = [2, 4, 6, 13, 30, 90].map((days) => START + YEAR + days * 24 * HOUR);
    const wrong = [...minutes(20), START + 20 * YEAR, ...minutes(14, START - 48 * HOUR)];
    const times = [...wrong, ...minutes(5, START + YEAR), ...sparse, START + 20 * YEAR];
    const whole = new DeviceClock();
    let parted = new DeviceClock();
    for (const time of times) {
      const restored = new DeviceClock();
      restored.restore(JSON.parse(JSON.stringify(parted.snapshot())));
      parted = restored;
      expect(parted.tick(time)).toBe(whole.tick(time));
    }
  });
});
