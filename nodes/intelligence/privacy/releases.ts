import { ConfigError, type ConfigOf } from "../../../kit";
import { createMechanism, type Ledger, type Loss, type Mechanism, truthMechanism } from "../../../lib/privacy";
import { type Reading, SeriesMap, seriesKey } from "../../../lib/reading";
import type { schema } from "./schema";

type Config = ConfigOf<typeof schema>;

/** What becomes of a reading: a release, nothing yet, a repetition, nothing for want of budget, or a refusal. */
export type Outcome =
  | { readonly kind: "released" | "repeated"; readonly reading: Reading }
  | { readonly kind: "waiting" | "suppressed" | "bad" }
  | { readonly kind: "refused"; readonly reason: string };

const WAITING: Outcome = { kind: "waiting" };
const SUPPRESSED: Outcome = { kind: "suppressed" };

/** How a sensor is released. */
interface Rule {
  readonly low: number;
  readonly high: number;
  readonly mechanism: Mechanism;
  readonly truths: ReturnType<typeof truthMechanism>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Readings of one series, or of one sensor of many devices, that wait to be released together. */
interface Pending {
  readonly values: Map<string | number, number>;
  unit: string;
}

/** Decides for each reading what may leave. Raw values stay in memory: only what is spent is ever written. */
export class Releases {
  readonly #rules: ReadonlyMap<string, Rule>;
  readonly #pending = new SeriesMap<Pending>();
  readonly #last = new SeriesMap<Reading>();

  /** @throws ConfigError naming the sensor that cannot be released as configured */
  constructor(
    private readonly config: Config,
    private readonly ledger: Ledger,
  ) {
    this.#rules = rulesOf(config);
  }

  take(reading: Reading, now: number): Outcome {
    const { deviceId, sensor, value, quality } = reading;
    const rule = this.#rules.get(sensor);
    if (!rule) return { kind: "refused", reason: `${deviceId}/${sensor}: no range is declared for this sensor` };
    // That a reading is missing says nothing of its value; its reason might.
    if (quality === "bad" || value === null) {
      return this.config.release === "reading"
        ? { kind: "released", reading: bare(reading, null, {}) }
        : { kind: "bad" };
    }
    if (typeof value === "string") {
      return {
        kind: "refused",
        reason: `${deviceId}/${sensor}: noise needs a number or truth value, got a text`,
      };
    }
    return this.config.release === "reading"
      ? this.#each(reading, value, rule, now)
      : this.#together(reading, Number(value), rule, now);
  }

  #each(reading: Reading, value: number | boolean, rule: Rule, now: number): Outcome {
    const { loss } = typeof value === "boolean" ? rule.truths : rule.mechanism;
    if (!this.#pays(reading, loss, now)) return this.#withoutBudget(reading, seriesKey(reading));
    const released =
      typeof value === "boolean" ? rule.truths.release(value) : this.#within(rule, rule.mechanism.release([value]));
    return this.#released(seriesKey(reading), bare(reading, released, rule.metadata));
  }

  #together(reading: Reading, value: number, rule: Rule, now: number): Outcome {
    const { config } = this;
    const overDevices = config.release === "devices";
    const key = overDevices ? reading.sensor : seriesKey(reading);
    const pending = this.#pendingOf(key, reading.unit);
    const contribution = overDevices ? reading.deviceId : pending.values.size;
    // A device that has given its part pays nothing for a newer value in its place.
    const isPaid = overDevices && pending.values.has(contribution);
    if (overDevices && !isPaid && !this.#pays(reading, rule.mechanism.loss, now))
      return this.#withoutBudget(reading, key);
    pending.values.set(contribution, value);
    if (pending.values.size < config.count) return WAITING;
    this.#pending.delete(key);
    if (!overDevices && !this.#pays(reading, rule.mechanism.loss, now)) return this.#withoutBudget(reading, key);
    return this.#released(key, this.#aggregate(reading, [...pending.values.values()], rule));
  }

  #aggregate(reading: Reading, values: readonly number[], rule: Rule): Reading {
    const { config } = this;
    const mean = this.#within(rule, rule.mechanism.release(values));
    const released = config.aggregate === "sum" ? mean * values.length : mean;
    const named = {
      ...reading,
      sensor: `${reading.sensor}.${config.aggregate}`,
      deviceId: config.release === "devices" ? config.group : reading.deviceId,
    };
    return bare(named, released, rule.metadata);
  }

  /** Readings of another unit begin anew: they cannot be added. */
  #pendingOf(key: string, unit: string): Pending {
    const pending = this.#pending.of(key, () => ({ values: new Map(), unit }));
    if (pending.unit !== unit) {
      pending.values.clear();
      pending.unit = unit;
    }
    return pending;
  }

  #pays(reading: Reading, loss: Loss, now: number): boolean {
    const account = this.config.account === "device" ? reading.deviceId : seriesKey(reading);
    return this.ledger.spend(account, loss, now);
  }

  #released(key: string, reading: Reading): Outcome {
    if (this.config.exhausted === "repeat") this.#last.set(key, reading);
    return { kind: "released", reading };
  }

  #withoutBudget(reading: Reading, key: string): Outcome {
    const { deviceId, sensor, timestamp } = reading;
    if (this.config.exhausted === "refuse") {
      return { kind: "refused", reason: `${deviceId}/${sensor}: the privacy budget is spent` };
    }
    // What has been released once may be said again: it gives nothing more away.
    const last = this.config.exhausted === "repeat" ? this.#last.get(key) : undefined;
    if (!last) return SUPPRESSED;
    const metadata = { ...last.metadata, repeated: "true" };
    return { kind: "repeated", reading: { ...last, timestamp, quality: "uncertain", metadata } };
  }

  #within({ low, high }: Rule, value: number): number {
    return this.config.clamp ? Math.min(high, Math.max(low, value)) : value;
  }
}

/** What leaves of a reading: none of its verdicts, metadata and numbers, which tell of its value. */
function bare(reading: Reading, value: Reading["value"], metadata: Readonly<Record<string, string>>): Reading {
  const { deviceId, sensor, unit, timestamp, quality, historical } = reading;
  const released: Reading = {
    deviceId,
    sensor,
    value,
    unit,
    timestamp,
    quality: value === null ? "bad" : quality,
    metadata,
  };
  return historical ? { ...released, historical } : released;
}

function rulesOf(config: Config): Map<string, Rule> {
  const rules = new Map<string, Rule>();
  for (const { sensor, low, high, epsilon = config.epsilon } of config.sensors) {
    try {
      rules.set(sensor, ruleOf(config, low, high, epsilon));
    } catch (error) {
      throw new ConfigError(`Sensors: ${sensor}: ${error instanceof Error ? error.message : error}`);
    }
  }
  return rules;
}

function ruleOf(config: Config, low: number, high: number, epsilon: number): Rule {
  const { mechanism: kind, delta, release, count } = config;
  const mechanism = createMechanism({ kind, epsilon, delta, low, high, count: release === "reading" ? 1 : count });
  if (config.budget < epsilon) {
    throw new RangeError(`the budget of ${config.budget} does not pay for one release of epsilon ${epsilon}`);
  }
  const noiseStd = mechanism.noiseStd * (release !== "reading" && config.aggregate === "sum" ? count : 1);
  const metadata = { privacy: kind, epsilon: String(epsilon), noiseStd: String(Number(noiseStd.toPrecision(4))) };
  return { low, high, mechanism, truths: truthMechanism(epsilon), metadata };
}
