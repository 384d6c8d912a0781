import { integerWithin, numberWithin } from "../numeric/limits";
import { SavedState } from "../numeric/state";
import type { AnomalyVerdict } from "../reading/reading";
import { Autoregression } from "./autoregression";
import type { Detector } from "./detector";
import { SeasonalProfile } from "./seasonal-profile";
import { ROUNDING, type SeverityBands, scoreOfP, verdictOf } from "./severity";
import { TailCalibration } from "./tail-calibration";

export interface ResidualOptions {
  /** One false alarm in so many normal readings. */
  readonly oneIn: number;
  /** Length of the season, s; 0 for none. */
  readonly period: number;
  /** Errors of the forecast that the tail is learned from. */
  readonly calibration: number;
  /** Smallest spread that is believed, in the reading's unit. */
  readonly minStd: number;
  /** Scores from which an anomaly is medium, high and critical; ascending. */
  readonly medium: number;
  readonly high: number;
  readonly critical: number;
}

export const RESIDUAL_DEFAULTS: ResidualOptions = {
  oneIn: 10_000,
  period: 86_400,
  calibration: 1000,
  minStd: 0,
  medium: 4,
  high: 6,
  critical: 10,
};

interface Settings {
  readonly significance: number;
  /** ms; 0 for none. */
  readonly period: number;
  readonly calibration: number;
  readonly minStd: number;
  readonly bands: SeverityBands;
}

/** @throws RangeError naming the option, what it was and what was expected */
export function residualFactory(options: Partial<ResidualOptions> = {}): () => Detector {
  const { oneIn, period, calibration, minStd, medium, high, critical } = { ...RESIDUAL_DEFAULTS, ...options };
  if (!(medium <= high && high <= critical)) {
    throw new RangeError(`severity: expected medium <= high <= critical, got ${medium}, ${high} and ${critical}`);
  }
  const settings = {
    significance: 1 / numberWithin("oneIn", oneIn, 10, 1e12),
    period: period === 0 ? 0 : numberWithin("period", period, 1, 1e9) * 1000,
    calibration: integerWithin("calibration", calibration, 100, 10_000),
    minStd: numberWithin("minStd", minStd, 0, 1e150),
    bands: { medium, high, critical },
  };
  return () => new Residual(settings);
}

/**
 * Finds values that a forecast did not expect. The forecast is the shape of the day by the clock plus a first-order
 * autoregression of what is left; how improbable an error is follows from the errors before it (TailCalibration), so that
 * neither a distribution nor a unit has to be known. The score is -log10 p.
 */
class Residual implements Detector {
  readonly #autoregression = new Autoregression();
  readonly #profile: SeasonalProfile | undefined;
  readonly #errors: TailCalibration;

  constructor(private readonly settings: Settings) {
    this.#profile = settings.period > 0 ? new SeasonalProfile(settings.period) : undefined;
    this.#errors = new TailCalibration(settings.calibration);
  }

  judge(value: number, timestamp: number): AnomalyVerdict | undefined {
    if (!this.#errors.isReady) return undefined;
    const { significance, bands, minStd } = this.settings;
    const forecast = this.#forecast(timestamp);
    const scale = Math.max(minStd, ROUNDING * Math.max(Math.abs(forecast), Math.abs(value)));
    const p = this.#errors.upperTail(Math.abs(value - forecast), scale);
    const reach = this.#errors.quantile(significance, scale);
    const expected = { low: forecast - reach, high: forecast + reach };
    return verdictOf("residual", p < significance, scoreOfP(p), p, expected, bands);
  }

  learn(value: number, timestamp: number): void {
    const forecast = this.#forecast(timestamp);
    if (!Number.isNaN(forecast)) this.#errors.learn(Math.abs(value - forecast));
    this.#autoregression.push(value - this.#shape(timestamp));
    this.#profile?.push(value, timestamp);
  }

  /** NaN while too little was learned. */
  #forecast(timestamp: number): number {
    return this.#shape(timestamp) + this.#autoregression.forecast();
  }

  #shape(timestamp: number): number {
    return this.#profile?.shapeAt(timestamp) ?? 0;
  }

  reset(): void {
    this.#autoregression.clear();
    this.#profile?.clear();
    this.#errors.clear();
  }

  snapshot(): unknown {
    return {
      autoregression: this.#autoregression.snapshot(),
      profile: this.#profile?.snapshot(),
      errors: this.#errors.snapshot(),
    };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    this.#autoregression.restore(saved.any("autoregression"));
    this.#profile?.restore(saved.any("profile"));
    this.#errors.restore(saved.any("errors"));
  }
}
