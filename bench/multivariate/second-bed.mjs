// A second imitation, made otherwise than the first, as a check that nothing was fitted to the first one's way of making faults: a
// heated tank in closed loop. Equations of the process are integrated second by second; controllers hold level and temperature, so
// that many faults show only in what the controllers do about them, or as a way back with overshoot. The room's temperature, the
// supply and the load wander through the whole recording, which is no fault.
import { randomness } from "./test-bed.mjs";

export const SENSORS = [
  "Level",
  "Outflow",
  "Valve",
  "PumpCurrent",
  "Pressure",
  "TankTemp",
  "InletTemp",
  "Heater",
  "Vibration",
];

/** How each fault enters the equations: `strength` is drawn from the range, and grows from 0 to that. */
const faults = {
  pumpWear: { range: [0.03, 0.2] },
  stuckValve: { range: [1, 1] },
  temperatureBias: { range: [0.15, 1.2] },
  fouling: { range: [0.003, 0.05] },
  leak: { range: [0.01, 0.07] },
  cavitation: { range: [0.3, 1.5] },
  frozenSensor: { range: [1, 1] },
  friction: { range: [0.01, 0.08] },
  hunting: { range: [0.005, 0.05] },
};

/** How a fault comes and goes: part of its full strength, by the part of its time. */
const courses = [
  () => 1,
  (part) => Math.min(1, part / 0.3),
  (part) => 1 - Math.exp(-3 * part),
  (part) => Math.min(1, part / 0.15, (1 - part) / 0.3),
  (part) => 0.6 + 0.4 * Math.sin(12 * part),
];

/** `{ kind, sensors, rows: [{ time, values, anomaly, changepoint }] }`; without a fault when `healthy`. */
export function recording(seed, { rows = 1200, healthy = false } = {}) {
  const random = randomness(seed ^ 0x5bd1e995);
  const kinds = Object.keys(faults);
  const kind = kinds[Math.floor(random.uniform(0, kinds.length))];
  const strength = random.uniform(...faults[kind].range);
  const course = courses[Math.floor(random.uniform(0, courses.length))];
  const start = Math.round(random.uniform(450, 700));
  const end = start + Math.round(random.uniform(180, 480));
  const isFault = (t) => !healthy && t >= start && t < end;
  const plant = tank(random, kind);
  for (let t = -900; t < 0; t++) plant.step(t, 0);
  const frozen = Math.floor(random.uniform(0, SENSORS.length));
  let held;
  let time = Date.UTC(2021, 5, 1) + Math.floor(random.uniform(0, 1e6)) * 1000;
  const out = Array.from({ length: rows }, (_, t) => {
    const effect = isFault(t) ? strength * course((t - start) / (end - start)) : 0;
    const values = plant.step(t, effect);
    if (kind === "frozenSensor" && isFault(t)) values[frozen] = held ??= values[frozen];
    time += 1000;
    const near = [start, end].some((at) => Math.abs(t - at) < 2);
    return { time, values, anomaly: isFault(t) ? 1 : 0, changepoint: near && !healthy ? 1 : 0 };
  });
  return { kind, sensors: SENSORS, rows: out };
}

/** A course that comes back to 0, with the given time in seconds, standard deviation 1. */
function wandering(random, time) {
  const keep = Math.exp(-1 / time);
  let x = random.normal();
  return () => {
    x = keep * x + Math.sqrt(1 - keep * keep) * random.normal();
    return x;
  };
}

/** The tank, its two controllers and its instruments. */
function tank(random, kind) {
  const room = { swing: random.uniform(0, 1.5), period: random.uniform(2000, 8000), phase: random.uniform(0, 6.3) };
  const load = wandering(random, random.uniform(20, 120));
  const supply = wandering(random, random.uniform(200, 800));
  const flutter = wandering(random, 4);
  const warmUp = random.uniform(0, 0.6);
  const state = { level: 1, temperature: 60, valve: 0.5, heater: 20 };
  const sum = { level: 0, temperature: 0 };
  const target = { level: random.uniform(0.8, 1.4), temperature: random.uniform(50, 70) };
  const noise = (spread) => spread * random.normal();
  const bearing = random.uniform(0.8, 1.6);
  let stuckAt;
  function step(t, effect) {
    const when = (name) => (kind === name ? effect : 0);
    const warm = 1 - warmUp * Math.exp(-(t + 900) / 700);
    const ambient = 18 + room.swing * Math.sin((6.2832 * t) / room.period + room.phase);
    const inlet = ambient - 4 + 0.4 * supply();
    const pressure = 2.4 * (1 - when("pumpWear")) * (1 + 0.01 * load()) + 0.002 * flutter();
    const inflow = 0.5 * Math.sqrt(pressure);
    const hunting = when("hunting") * Math.sin(t / 5);
    const wish = control(state.level - target.level, "level", 0.8, 0.02) + hunting;
    const sticks = when("stuckValve") > 0;
    stuckAt = sticks ? (stuckAt ?? state.valve) : undefined;
    state.valve += 0.3 * ((sticks ? stuckAt : Math.min(1, Math.max(0.05, 0.55 + wish))) - state.valve);
    const outflow = 1.25 * state.valve * Math.sqrt(Math.max(0.05, state.level));
    state.level += 0.02 * (inflow - outflow - when("leak"));
    const measured = state.temperature + when("temperatureBias");
    const power = 20 + control(target.temperature - measured, "temperature", 1.5, 0.03);
    state.heater += 0.1 * (Math.min(60, Math.max(0, power)) - state.heater);
    const heat = state.heater * (1 - when("fouling"));
    const loss = 0.06 * (state.temperature - ambient);
    state.temperature += (0.05 * (heat - loss - 0.9 * inflow * (state.temperature - inlet))) / state.level / 4;
    const rough = 1 + when("cavitation");
    const current = 4 + 2 * inflow * warm + 3 * when("friction") + 0.03 * flutter() + noise(0.02 * rough);
    const vibration =
      bearing * (1 + 0.2 * inflow) * Math.sqrt((noise(1) ** 2 + noise(1) ** 2 + noise(1) ** 2) / 3) * rough;
    return [
      round(state.level + noise(0.004), 0.002),
      round(outflow + noise(0.01), 0.005),
      round(state.valve + noise(0.001), 0.005),
      round(current, 0.01),
      round(pressure + noise(0.01), 0.001),
      round(measured + noise(0.05), 0.0625),
      round(inlet + noise(0.05), 0.0625),
      round(state.heater + noise(0.1), 0.01),
      round(vibration, 0.0001),
    ];
  }
  function control(error, loop, gain, integral) {
    sum[loop] += integral * error;
    return gain * error + sum[loop];
  }
  return { step };
}

function round(value, step) {
  return Number((step * Math.round(value / step)).toFixed(6));
}
