// An imitation of a water-circulation test bed: eight sensors at 1 Hz, one fault a recording, in the form of SKAB's files.
// It stands in where the real recordings are absent. Levels, noise, quantisation and drift follow what is published about the
// Skoltech test bed; how hard each fault is to see varies at random.

export const SENSORS = [
  "Accelerometer1RMS",
  "Accelerometer2RMS",
  "Current",
  "Pressure",
  "Temperature",
  "Thermocouple",
  "Voltage",
  "Volume Flow RateRMS",
];

/** Reproducible randomness: mulberry32 and Box-Muller. */
export function randomness(seed) {
  let state = seed >>> 0;
  const uniform = (low = 0, high = 1) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return low + (((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * (high - low);
  };
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return { uniform, normal, sign: () => (uniform() < 0.5 ? -1 : 1) };
}

/** A slow random course with the given correlation time, standard deviation 1. */
function course(random, rows, time) {
  const keep = Math.exp(-1 / time);
  const kick = Math.sqrt(1 - keep * keep);
  let x = random.normal();
  return Array.from({ length: rows }, () => {
    x = keep * x + kick * random.normal();
    return x;
  });
}

/** 0 before the fault, 1 in it, with the way in and the way out that each kind has. */
const shapes = {
  step: (t, { start, end }, { rise, fall }) => ramp(t, start, rise) * (1 - ramp(t, end - fall / 2, fall)),
  linear: (t, { start, end }, { fall }) =>
    Math.min(1, Math.max(0, (t - start) / (0.5 * (end - start)))) * (1 - ramp(t, end - fall / 2, fall)),
  exponential: (t, { start, end }, { fall }) =>
    t < start ? 0 : (1 - Math.exp((-4 * (t - start)) / (end - start))) * (1 - ramp(t, end - fall / 2, fall)),
  bursts: (t, { start, end }) => (t >= start && t < end && (t - start) % 40 < 25 ? 1 : 0),
};

function ramp(t, start, length) {
  return Math.min(1, Math.max(0, (t - start) / length));
}

/**
 * What each fault does, in standard deviations of the sensor's own noise at full effect (a range), and to the spread of it.
 * Valves act on flow, pressure and current; imbalance on the accelerations; cavitation on their spread.
 */
const faults = {
  valve1: {
    weight: 16,
    shape: ["step"],
    shift: { flow: [-5, -0.8], current: [-0.8, -0.1], pressure: [0, 0.6], a1: [-2, 2], a2: [-2, 2] },
  },
  valve2: {
    weight: 4,
    shape: ["step"],
    shift: { flow: [-3, -0.6], current: [-0.6, 0], pressure: [-0.4, 0.2], a1: [-1.5, 1.5], a2: [-1.5, 1.5] },
  },
  imbalance: {
    weight: 5,
    shape: ["step", "linear", "exponential", "bursts"],
    shift: { a1: [1, 4], a2: [0.8, 3], current: [0, 0.3] },
  },
  leak: { weight: 4, shape: ["linear", "step"], shift: { flow: [-3, -0.8], pressure: [-0.5, 0], a1: [-1, 1] } },
  cavitation: {
    weight: 4,
    shape: ["step", "linear"],
    shift: { flow: [-2, -0.3], a1: [0.3, 2] },
    spread: { a1: [1.3, 2.2], a2: [1.3, 2.2], flow: [1, 1.6] },
  },
  heat: { weight: 1, shape: ["linear"], shift: { thermocouple: [20, 60], temperature: [1, 3] } },
};

function pick(random, table) {
  const total = Object.values(table).reduce((sum, { weight }) => sum + weight, 0);
  let at = random.uniform(0, total);
  return Object.entries(table).find(([, { weight }]) => {
    at -= weight;
    return at < 0;
  });
}

/** One recording: `{ kind, sensors, rows: [{ time, values, anomaly, changepoint }] }`; without a fault when `healthy`. */
export function recording(seed, { rows = 1150, healthy = false, drift = 1, strength = 1 } = {}) {
  const random = randomness(seed);
  const [kind, fault] = pick(random, faults);
  const span = { start: Math.round(random.uniform(490, 610)) };
  span.end = span.start + Math.round(random.uniform(320, 440));
  const way = { rise: random.uniform(2, 25), fall: random.uniform(10, 50) };
  const shape = shapes[fault.shape[Math.floor(random.uniform(0, fault.shape.length))]];
  const drawn = (table) => new Map(Object.entries(table ?? {}).map(([key, range]) => [key, random.uniform(...range)]));
  const shift = drawn(fault.shift);
  const spread = drawn(fault.spread);
  const sensors = channels(random, rows, drift, span);
  const out = [];
  let time = Date.UTC(2020, 2, 9, 10, 0, 0) + Math.floor(random.uniform(0, 1e7)) * 1000;
  for (let t = 0; t < rows; t++) {
    const effect = healthy ? 0 : strength * shape(t, span, way);
    const values = sensors.map(({ name, at }) =>
      at(t, effect * (shift.get(name) ?? 0), 1 + effect * ((spread.get(name) ?? 1) - 1)),
    );
    const anomaly = !healthy && t >= span.start && t < span.end ? 1 : 0;
    const changepoint = !healthy && (Math.abs(t - span.start) < 2 || Math.abs(t - span.end) < 2) ? 1 : 0;
    out.push({ time, values, anomaly, changepoint });
    time += random.uniform() < 0.06 ? 2000 : 1000;
  }
  return { kind, rows: out };
}

/** The eight sensors; `at(t, shift, spread)` gives a value with a shift and a spread in units of the sensor's noise. */
function channels(random, rows, drift, span) {
  const settle = (size) => {
    // After a fault a test bed does not come back to quite the same state.
    const offset = drift * size * random.normal();
    return (t) => offset * ramp(t, span.end - 10, 40);
  };
  const analog = (
    name,
    level,
    noise,
    { slow = 1, time = 100, along = 0, lag = 0, digits = 6, rest = 0.5, tail = 0 },
  ) => {
    const low = course(random, rows, time);
    const trend = along * random.normal();
    const residual = settle(rest);
    let last = 0;
    return {
      name,
      at(t, shift, spread) {
        const fresh = random.normal();
        const white = fresh + lag * last;
        last = fresh;
        const heavy = tail > 0 && random.uniform() < 0.15 ? -tail * random.uniform(0.5, 1.5) : 0;
        const slowPart = slow * low[t] + (drift * trend * t) / 1000 + residual(t);
        return Number((level + noise * (spread * white + heavy + slowPart + shift)).toFixed(digits));
      },
    };
  };
  const quantised = (sensor, step, origin) => ({
    ...sensor,
    at: (t, shift, spread) =>
      Number((origin + step * Math.round((sensor.at(t, shift, spread) - origin) / step)).toFixed(6)),
  });
  const flow = random.uniform(30, 125);
  return [
    analog("a1", random.uniform(0.02, 0.25), 0.0012, { slow: 0.6, time: 60, lag: -0.5, along: 0.8 }),
    analog("a2", random.uniform(0.03, 0.3), 0.0012, { slow: 0.5, time: 60, lag: -0.4, along: 0.8 }),
    analog("current", random.uniform(1.2, 2.6), 0.35, { slow: 0.5, time: 30, tail: 2.5, digits: 5, rest: 0.1 }),
    quantised(analog("pressure", 0.1, 0.26, { slow: 0.1, time: 50, rest: 0.05 }), 0.327927, 0.054711),
    analog("temperature", random.uniform(65, 92), 0.1, { slow: 2, time: 150, along: 4, digits: 4, rest: 1 }),
    analog("thermocouple", random.uniform(22, 29), 0.006, { slow: 1, time: 200, along: 12, digits: 4, rest: 1.5 }),
    analog("voltage", 229, 11, { slow: 0.2, time: 40, digits: 3, rest: 0 }),
    quantised(analog("flow", flow, 0.4, { slow: 0.7, time: 25, along: 0.8, rest: 0.4 }), 1 / 3, Math.floor(flow)),
  ];
}

/** A recording as a CSV text in SKAB's form. */
export function asCsv({ rows, sensors = SENSORS }) {
  const text = (time) => new Date(time).toISOString().slice(0, 19).replace("T", " ");
  const lines = rows.map(({ time, values, anomaly, changepoint }) =>
    [text(time), ...values, anomaly.toFixed(1), changepoint.toFixed(1)].join(";"),
  );
  return [["datetime", ...sensors, "anomaly", "changepoint"].join(";"), ...lines].join("\n");
}
