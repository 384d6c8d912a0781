import { SavedState, type Snapshotable, StateError } from "../../numeric/state";
import { GapWatch, isUsable } from "../../numeric/usable";
import { type AnomalyVerdict, isNumeric, type Reading } from "../../reading/reading";
import { type Row, RowAssembler, type RowOptions } from "../../rows";
import { MAX_COLUMNS, type RowDetector, type RowVerdict } from "./row-detector";

export interface DeviceDetectorOptions extends RowOptions {
  /** A longer time between two rows makes the detector start afresh, ms; 0 for none. */
  readonly gap: number;
  /** Whether anomalous rows are learned like all others, by detectors that do not decide that themselves. */
  readonly learnAnomalies: boolean;
  /** When they are not: after this many of them in a row the detector starts afresh; 0 for never. */
  readonly relearnAfter: number;
}

/** Sensors are named as contributors as long as those before them make up less than this part of the score. */
const NAMED = 0.8;
const MOST_NAMED = 5;

/** A detector on the readings of one device, which it joins into rows. */
export class DeviceDetector implements Snapshotable {
  readonly #rows: RowAssembler;
  readonly #gap: GapWatch;
  #detector: RowDetector | undefined;
  #anomaliesInRow = 0;

  /** @param create makes the detector once the number of sensors is known */
  constructor(
    private readonly create: (sensors: number) => RowDetector,
    private readonly options: DeviceDetectorOptions,
  ) {
    this.#rows = new RowAssembler(options);
    this.#gap = new GapWatch(options.gap);
  }

  /** The columns of the rows; empty while they are being discovered. */
  get sensors(): readonly string[] {
    return this.#rows.sensors;
  }

  /** Rows that were given up because sensors were missing. */
  get incomplete(): number {
    return this.#rows.incomplete;
  }

  /**
   * The reading with the verdict on the row that it completed, or that it closed by being of a later time. The same reading comes
   * back when it did neither, while too little was learned, and when it has no usable number.
   */
  push(reading: Reading): Reading {
    // Numbers whose squares are not finite would spoil what was learned; the assembler knows about the other kinds.
    if (isNumeric(reading) && !isUsable(reading)) return reading;
    const row = this.#rows.push(reading);
    if (!row) return reading;
    const { timestamp } = row;
    if (this.#gap.isAfterGap(timestamp)) this.#restart();
    const verdict = this.#judged(row);
    return verdict ? { ...reading, anomaly: this.#named(verdict, reading.sensor) } : reading;
  }

  #judged({ values, timestamp }: Row): RowVerdict | undefined {
    this.#detector ??= this.create(checkedColumns(values.length));
    const verdict = this.#detector.judge(values, timestamp);
    this.#learn(this.#detector, values, timestamp, verdict?.isAnomaly === true);
    return verdict;
  }

  #learn(detector: RowDetector, values: Float64Array, timestamp: number, isAnomaly: boolean): void {
    if (!isAnomaly) {
      this.#anomaliesInRow = 0;
    } else if (!this.options.learnAnomalies && !detector.gatesItself) {
      this.#anomaliesInRow += 1;
      if (this.#anomaliesInRow !== this.options.relearnAfter) {
        detector.follow?.(values, timestamp);
        return;
      }
      this.#restart();
    }
    detector.learn(values, timestamp);
  }

  #restart(): void {
    this.#anomaliesInRow = 0;
    this.#detector?.reset();
  }

  #named({ contributions, lows, highs, ...verdict }: RowVerdict, sensor: string): AnomalyVerdict {
    const { sensors } = this;
    const contributors = strongest(contributions).map((j) => sensors[j] as string);
    const column = sensors.indexOf(sensor);
    const low = lows?.[column];
    const high = highs?.[column];
    const named = contributors.length > 0 ? { ...verdict, contributors } : verdict;
    if (low === undefined || high === undefined || !Number.isFinite(low) || !Number.isFinite(high)) return named;
    return { ...named, expected: { low, high } };
  }

  snapshot(): unknown {
    return {
      rows: this.#rows.snapshot(),
      latest: this.#gap.latest,
      anomaliesInRow: this.#anomaliesInRow,
      detector: this.#detector?.snapshot(),
    };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    this.#rows.restore(saved.any("rows"));
    const { length } = this.sensors;
    const detector = saved.any("detector");
    if (detector !== undefined && detector !== null) {
      if (length === 0 || length > MAX_COLUMNS) throw new StateError("detector: its sensors are not known");
      this.#detector = this.create(length);
      this.#detector.restore(detector);
    }
    this.#gap.latest = saved.optionalNumber("latest");
    this.#anomaliesInRow = saved.index("anomaliesInRow", Number.MAX_SAFE_INTEGER);
  }
}

function checkedColumns(sensors: number): number {
  if (sensors <= MAX_COLUMNS) return sensors;
  throw new RangeError(`sensors: expected at most ${MAX_COLUMNS} of a device, got ${sensors}; name those that matter`);
}

/** Columns with the largest shares, until these make up most of it. */
function strongest(shares: ArrayLike<number>): number[] {
  const order = Array.from(shares, (_, j) => j).sort((a, b) => (shares[b] as number) - (shares[a] as number));
  const named: number[] = [];
  let sum = 0;
  for (const j of order) {
    const share = shares[j] as number;
    if (!(share > 0) || sum >= NAMED || named.length >= MOST_NAMED) break;
    named.push(j);
    sum += share;
  }
  return named;
}
