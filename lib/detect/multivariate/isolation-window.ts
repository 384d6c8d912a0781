import { SavedState } from "../../numeric/state";
import { WorkerClosedError } from "../../workers/errors";
import { rowsToSave, savedRows } from "./fit-rows";
import type { Forest } from "./forest";
import {
  type IsolationForestOptions,
  type IsolationModel,
  isolationContributions,
  isolationScore,
} from "./isolation-forest";

/** Fits a forest, at once or elsewhere. */
export type IsolationFitter = (
  points: readonly Float64Array[],
  options: IsolationForestOptions,
) => IsolationModel | Promise<IsolationModel>;

export interface IsolationWindowOptions {
  readonly sensors: number;
  /** Latest points that a forest is fitted to. */
  readonly window: number;
  /** Points after which it is fitted anew. */
  readonly refit: number;
  readonly trees: number;
  readonly contamination: number;
  readonly seed: number;
  readonly fitter: IsolationFitter;
  /** Told when a forest could not be fitted; the one before stays. */
  readonly onProblem: (error: Error) => void;
}

interface Fit {
  readonly points: readonly Float64Array[];
  readonly seed: number;
}

/**
 * An isolation forest on the latest points, fitted anew every so many of them. The forest before serves until the new one is
 * there. A snapshot holds the points that the forest was fitted to, not the forest: fitting is reproducible.
 */
export class IsolationWindow implements Forest {
  #window: Float64Array[] = [];
  #sinceFit = 0;
  #fits = 0;
  #current: (Fit & { readonly model: IsolationModel }) | undefined;
  #pending: Fit | undefined;

  constructor(private readonly options: IsolationWindowOptions) {}

  get limit(): number {
    return this.#current?.model.limit ?? Number.POSITIVE_INFINITY;
  }

  score(point: Float64Array): number | undefined {
    return this.#current && isolationScore(this.#current.model, point);
  }

  contributions(point: Float64Array): Float64Array {
    return this.#current ? isolationContributions(this.#current.model, point) : new Float64Array(point.length);
  }

  learn(point: Float64Array): void {
    const { window, refit, seed } = this.options;
    this.#window.push(point);
    if (this.#window.length > window) this.#window.shift();
    this.#sinceFit += 1;
    const due = this.#current ? this.#sinceFit >= refit : this.#window.length >= window;
    if (!due || this.#pending) return;
    this.#sinceFit = 0;
    this.#fits += 1;
    this.#fit({ points: [...this.#window], seed: seed + this.#fits });
  }

  #fit(fit: Fit): void {
    const { trees, window, contamination, fitter, onProblem } = this.options;
    this.#pending = fit;
    // What has been cleared or restored meanwhile has no use for the answer.
    const isWanted = (): boolean => this.#pending === fit;
    const take = (model: IsolationModel): void => {
      if (!isWanted()) return;
      this.#pending = undefined;
      this.#current = { ...fit, model };
    };
    const model = fitter(fit.points, { trees, sample: window, contamination, seed: fit.seed });
    if (!(model instanceof Promise)) {
      take(model);
      return;
    }
    model.then(take).catch((error: unknown) => {
      // Who closes has no problem: what was to be fitted is saved, and is fitted at the next start.
      if (!isWanted() || error instanceof WorkerClosedError) return;
      this.#pending = undefined;
      onProblem(error instanceof Error ? error : new Error(String(error)));
    });
  }

  clear(): void {
    this.#window = [];
    this.#sinceFit = 0;
    this.#fits = 0;
    this.#current = undefined;
    this.#pending = undefined;
  }

  snapshot(): unknown {
    const fit = this.#pending ?? this.#current;
    return {
      window: rowsToSave(this.#window),
      sinceFit: this.#sinceFit,
      fits: this.#fits,
      fitted: fit && { points: rowsToSave(fit.points), seed: fit.seed },
    };
  }

  restore(state: unknown): void {
    const { sensors, window } = this.options;
    const saved = new SavedState(state);
    this.clear();
    this.#window = savedRows(saved, "window", sensors, window);
    this.#sinceFit = saved.index("sinceFit", Number.MAX_SAFE_INTEGER);
    this.#fits = saved.index("fits", Number.MAX_SAFE_INTEGER);
    const fitted = saved.any("fitted");
    if (fitted === undefined || fitted === null) return;
    const fit = new SavedState(fitted);
    this.#fit({ points: savedRows(fit, "points", sensors, window), seed: fit.index("seed", Number.MAX_SAFE_INTEGER) });
  }
}
