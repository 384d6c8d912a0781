import { gaussian } from "./series";

/** A sensor as it runs in a building, a ward or a field: readings of it in good order, and what its faults are measured in. */
export interface SensorSeries {
  /** ms between two readings. */
  readonly step: number;
  readonly values: number[];
  /** From the usual lowest to the usual highest. */
  readonly span: number;
  /** Median change from reading to reading, the digits of the sensor at least. */
  readonly noise: number;
  /** 0 is a value like any other. */
  readonly showsZero: boolean;
  /** People or machines make it higher by day than by night. */
  readonly isDaily: boolean;
  /** It switches between two states. */
  readonly isSwitched: boolean;
}

type Source = (seed: number, days: number) => SensorSeries;

/** Uniform numbers and normal ones from one seed. */
function dice(seed: number): { uniform: () => number; normal: () => number } {
  const normal = gaussian(seed);
  const other = gaussian(seed + 0x9e3779b9);
  // The angle of two independent normal numbers is uniform.
  const uniform = (): number => (Math.atan2(normal(), other()) / Math.PI + 1) / 2;
  return { uniform, normal };
}

function medianChange(values: readonly number[]): number {
  const changes = values
    .slice(1)
    .map((value, i) => Math.abs(value - (values[i] as number)))
    .filter((change) => change > 0)
    .sort((a, b) => a - b);
  return changes[changes.length >> 1] ?? 0;
}

const SPAN_TAIL = 0.005;

function sensor(
  minutes: number,
  values: number[],
  over: Partial<Pick<SensorSeries, "showsZero" | "isDaily" | "isSwitched">>,
): SensorSeries {
  const sorted = [...values].sort((a, b) => a - b);
  const tail = Math.floor(SPAN_TAIL * sorted.length);
  const span = (sorted[sorted.length - 1 - tail] as number) - (sorted[tail] as number);
  const noise = medianChange(values);
  return { step: minutes * 60_000, values, span, noise, showsZero: false, isDaily: false, isSwitched: false, ...over };
}

/** Calls `next` with the hour of the day, its weekday (0 to 6) and the number of the reading. */
function run(minutes: number, days: number, next: (hour: number, weekday: number, i: number) => number): number[] {
  const perDay = (24 * 60) / minutes;
  return Array.from({ length: days * perDay }, (_, i) =>
    next(((i % perDay) / perDay) * 24, Math.floor(i / perDay) % 7, i),
  );
}

const rounded = (value: number, digit: number): number => Math.round(value / digit) * digit;
const bump = (hour: number, at: number, width: number): number => Math.exp(-((hour - at) ** 2) / (2 * width * width));

export const SENSORS: Record<string, Source> = {
  /** A room near the outer door: day cycle, weather that wanders, draughts when the door opens. */
  "temperature, 1 min": (seed, days) => {
    const { uniform, normal } = dice(seed);
    let weather = 0;
    let draught = 0;
    return sensor(
      1,
      run(1, days, (hour) => {
        weather += 0.01 * normal() - 0.0003 * weather;
        if (hour > 7 && hour < 19 && uniform() < 0.01) draught -= 0.5 + uniform();
        draught *= 0.9;
        return rounded(21 + 1.5 * bump(hour, 15, 3) + weather + draught + 0.03 * normal(), 0.01);
      }),
      { isDaily: true },
    );
  },
  /** At rest by night, walks by day. */
  "heart rate, 1 min": (seed, days) => {
    const { uniform, normal } = dice(seed);
    let effort = 0;
    let walk = 0;
    return sensor(
      1,
      run(1, days, (hour) => {
        const awake = hour > 6.5 && hour < 22.5;
        if (awake && walk <= 0 && uniform() < 0.015) walk = 5 + Math.floor(20 * uniform());
        walk -= 1;
        effort += 0.3 * ((walk > 0 ? 30 : 0) + (awake ? 12 : 0) - effort);
        return Math.round(58 + effort + 2.5 * normal());
      }),
      { isDaily: true },
    );
  },
  /** Meetings of some people for an hour or so on working days, air changed twice an hour. */
  "CO2, 1 min": (seed, days) => {
    const { uniform, normal } = dice(seed);
    let ppm = 430;
    let people = 0;
    let left = 0;
    return sensor(
      1,
      run(1, days, (hour, weekday) => {
        const open = weekday < 5 && hour > 8 && hour < 17;
        left -= 1;
        if (left <= 0) people = 0;
        if (open && left <= -15 && uniform() < 0.03) {
          people = 2 + Math.floor(7 * uniform());
          left = 30 + Math.floor(60 * uniform());
        }
        ppm += 4 * people - (ppm - 430) / 30;
        return Math.round(ppm + 4 * normal());
      }),
      { isDaily: true },
    );
  },
  /** A pump that fills a tank: on for about 6 minutes of 20. */
  "pump current, 1 min": (seed, days) => {
    const { uniform, normal } = dice(seed);
    let isOn = false;
    let left = 1;
    return sensor(
      1,
      run(1, days, () => {
        left -= 1;
        if (left <= 0) {
          isOn = !isOn;
          left = isOn ? 5 + Math.floor(3 * uniform()) : 11 + Math.floor(7 * uniform());
        }
        return rounded(isOn ? 8.2 + 0.15 * normal() : Math.abs(0.02 * normal()), 0.01);
      }),
      { showsZero: true, isSwitched: true },
    );
  },
  /** Dries slowly, is watered every third or fourth morning. */
  "soil moisture, 10 min": (seed, days) => {
    const { uniform, normal } = dice(seed);
    let wet = 30;
    let wait = 3;
    return sensor(
      10,
      run(10, days, (hour) => {
        if (hour === 6) {
          wait -= 1;
          if (wait <= 0) {
            wet += 8 + 2 * uniform();
            wait = uniform() < 0.5 ? 3 : 4;
          }
        }
        wet -= (wet - 12) * (0.0003 + 0.0007 * bump(hour, 14, 3));
        return rounded(wet + 0.05 * normal(), 0.1);
      }),
      {},
    );
  },
  /** Pulses of an electricity meter: a base load, a machine that comes and goes by day. */
  "power meter, counts in 1 min": (seed, days) => {
    const { uniform, normal } = dice(seed);
    let machine = 0;
    return sensor(
      1,
      run(1, days, (hour, weekday) => {
        const open = weekday < 6 && hour > 7 && hour < 18;
        if (!open) machine = 0;
        else if (uniform() < 0.05) machine = machine > 0 ? 0 : 60;
        const rate = 25 + 20 * bump(hour, 19, 1.5) + machine;
        return Math.max(0, Math.round(rate + Math.sqrt(rate) * normal()));
      }),
      { isDaily: true },
    );
  },
  /** A cell that empties over months and is weaker when it is cold. */
  "battery voltage, 10 min": (seed, days) => {
    const { normal } = dice(seed);
    let weather = 0;
    return sensor(
      10,
      run(10, days, (hour, _, i) => {
        weather += 0.05 * normal() - 0.004 * weather;
        return rounded(3.05 - 1e-6 * i + 0.012 * bump(hour, 15, 3.5) + 0.004 * weather + 0.001 * normal(), 0.001);
      }),
      { isDaily: true },
    );
  },
  /** Outdoors: wet nights, in which the sensor stands at 100 %. */
  "humidity, 10 min": (seed, days) => {
    const { normal } = dice(seed);
    let weather = 0;
    return sensor(
      10,
      run(10, days, (hour) => {
        weather += 0.8 * normal() - 0.006 * weather;
        return rounded(Math.min(100, 92 - 30 * bump(hour, 14, 4) + weather + 0.4 * normal()), 0.1);
      }),
      { isDaily: true },
    );
  },
};

/** What goes wrong, done to the values from `at` on; undefined where such a fault is none in such a series. */
type Fault = (series: SensorSeries, at: number, seed: number) => number[] | undefined;

const dayOf = ({ step }: SensorSeries): number => 86_400_000 / step;
const hours = (series: SensorSeries, count: number): number => Math.round((count * dayOf(series)) / 24);

function changed(series: SensorSeries, at: number, length: number, to: (value: number, i: number) => number): number[] {
  return series.values.map((value, i) => (i >= at && i < at + length ? to(value, i - at) : value));
}

const SMOOTHED = 15;

export const FAULTS: Record<string, Fault> = {
  "spike of 1 span": (series, at) => changed(series, at, 1, (value) => value + series.span),
  "step of half a span": (series, at) =>
    changed(series, at, Number.POSITIVE_INFINITY, (value) => value + series.span / 2),
  "drift of 1 span a day": (series, at) =>
    changed(series, at, Number.POSITIVE_INFINITY, (value, i) => value + (series.span * i) / dayOf(series)),
  "stuck for a day": (series, at) => changed(series, at, dayOf(series), () => series.values[at] as number),
  "0 for half an hour": (series, at) =>
    series.showsZero ? undefined : changed(series, at, Math.max(hours(series, 0.5), 1), () => 0),
  "a day without its peak": (series, at) => {
    if (!series.isDaily) return undefined;
    const midnight = at - (at % dayOf(series));
    const night = series.values.slice(midnight + hours(series, 2), midnight + hours(series, 4));
    return changed(series, midnight + hours(series, 5), hours(series, 19), (_, i) => night[i % night.length] as number);
  },
  "noise tenfold for two hours": (series, at, seed) => {
    const next = gaussian(seed + 77);
    return changed(series, at, hours(series, 2), (value) => value + 10 * series.noise * next());
  },
  "spread a tenth for a day": (series, at) => {
    const around = (i: number): number => {
      const near = series.values.slice(Math.max(0, i - SMOOTHED), i + SMOOTHED + 1);
      return near.reduce((sum, value) => sum + value, 0) / near.length;
    };
    return changed(series, at, dayOf(series), (value, i) => around(at + i) + 0.1 * (value - around(at + i)));
  },
  "on twice as long for a day": (series, at) => {
    if (!series.isSwitched) return undefined;
    const values = [...series.values];
    const isOn = (i: number): boolean => (series.values[i] as number) > series.span / 2;
    let on: number[] = [];
    let longer = 0;
    for (let i = at; i < at + dayOf(series); i++) {
      if (isOn(i)) on = isOn(i - 1) ? [...on, series.values[i] as number] : [series.values[i] as number];
      else if (isOn(i - 1)) longer = on.length;
      if (!isOn(i) && longer > 0) {
        values[i] = on[on.length - longer] as number;
        longer -= 1;
      }
    }
    return values;
  },
};
