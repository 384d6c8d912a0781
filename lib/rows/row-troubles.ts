import { timeText } from "../text/time";

/** Why rows of a device do not come as they should. */
export type RowCause =
  /** A reading was dated far ahead of those before and after it. */
  | "ahead"
  /** The device's time began anew: its clock was set back, or had been wrong. */
  | "restarted"
  /** It sends nothing but what comes too late. */
  | "late"
  /** A sensor's unit is another one than at first. */
  | "unit"
  /** Sensors are missing. */
  | "missing";

/** What is left out of rows, or given up: names of counts. */
export type RowLoss = "incomplete rows" | "late readings" | "readings dated ahead" | "readings of another unit";

/** Is told what becomes of the rows of devices. */
export interface RowObserver {
  /** A reading of the device has come, whatever becomes of it. */
  heard?(deviceId: string, timestamp: number): void;
  lost(what: RowLoss): void;
  /** What is wrong with the rows of a device, by one cause; undefined when it is right again. */
  trouble(deviceId: string, cause: RowCause, text: string | undefined): void;
}

/** Fewer in a row are no trouble. */
const IN_A_ROW = 10;
/** Usual times between two rows after which sensors that do not report at all are missed. */
const INTERVALS = 10;
/** Share of the newest in the usual time between two rows. */
const FOLLOW = 1 / 8;
const MOST_NAMED = 5;

/** Judges what happens to the rows of one device, and tells when it becomes trouble and when that is over. */
export class RowTroubles {
  /** Made when they are needed: most devices have no trouble, and there are many. */
  #present: Set<RowCause> | undefined;
  #ofOtherUnit: Map<string, string> | undefined;
  #unitRemedy = "";
  /** Usual time between two rows, ms. */
  interval: number | undefined;
  #leapt: number | undefined;
  #lateInRow = 0;
  #incompleteInRow = 0;
  #incompleteSince = 0;
  #elsewhereInRow = 0;

  constructor(private readonly observer: RowObserver) {}

  heard(deviceId: string, timestamp: number): void {
    this.observer.heard?.(deviceId, timestamp);
  }

  /** A reading was left out because its time is far ahead; whether that was a mistake the next one shows. */
  ahead(deviceId: string, timestamp: number): void {
    if (this.#leapt === undefined || timestamp > this.#leapt) this.#leapt = timestamp;
    this.observer.lost("readings dated ahead");
    if (this.#present?.has("ahead")) this.#begin(deviceId, "ahead", aheadText(timestamp));
  }

  late(deviceId: string, sensors: number): void {
    this.observer.lost("late readings");
    this.#lateInRow += 1;
    // Of each sensor one may come twice between two rows.
    if (this.#lateInRow !== IN_A_ROW + 2 * sensors) return;
    this.#begin(deviceId, "late", "its readings come after later ones");
  }

  restarted(deviceId: string, from: number, to: number): void {
    this.#leapt = undefined;
    this.interval = undefined;
    this.#begin(
      deviceId,
      "restarted",
      `its time went back from ${timeText(from)} to ${timeText(to)}; begun anew there`,
    );
  }

  /** @param what the unit, and what it should be */
  otherUnit(deviceId: string, sensor: string, what: string, remedy: string): void {
    this.observer.lost("readings of another unit");
    this.#ofOtherUnit ??= new Map();
    if (this.#ofOtherUnit.has(sensor)) return;
    this.#ofOtherUnit.set(sensor, what);
    this.#unitRemedy = remedy;
    this.#tellUnits(deviceId);
  }

  #tellUnits(deviceId: string): void {
    const changes = [...(this.#ofOtherUnit ?? [])];
    if (changes.length === 0) {
      this.#end(deviceId, "unit");
      return;
    }
    const units = changes.map(([sensor, change]) => `the unit of ${sensor} is ${change}`);
    this.#begin(deviceId, "unit", `${listed(units)}; ${this.#unitRemedy}`);
  }

  /** A reading was taken. */
  taken(deviceId: string, sensor: string, timestamp: number): void {
    this.#elsewhereInRow = 0;
    if (this.#ofOtherUnit?.delete(sensor)) this.#tellUnits(deviceId);
    if (this.#leapt === undefined) return;
    if (timestamp < this.#leapt) this.#begin(deviceId, "ahead", aheadText(this.#leapt));
    this.#leapt = undefined;
  }

  /** A reading came that is no part of a row: of another sensor, or of no use. Those of rows may have gone altogether. */
  elsewhere(deviceId: string, timestamp: number, latest: number, hold: number, sensors: readonly string[]): void {
    this.#elsewhereInRow += 1;
    if (this.#elsewhereInRow < IN_A_ROW || this.interval === undefined || this.#present?.has("missing")) return;
    if (timestamp - latest <= Math.max(hold, INTERVALS * this.interval)) return;
    this.#begin(deviceId, "missing", `no value of ${listed(sensors)} since ${timeText(latest)}`);
  }

  /** A row is over that lacks nothing. */
  complete(deviceId: string, elapsed: number | undefined): void {
    this.#follow(elapsed);
    this.#lateInRow = this.#incompleteInRow = 0;
    if (!this.#present || this.#present.size === 0) return;
    for (const cause of ["ahead", "restarted", "late", "missing"] as const) this.#end(deviceId, cause);
  }

  /**
   * A row is over in which sensors were missing.
   * @param measured by sensor, when it was last heard of; -Infinity for never
   */
  incomplete(
    deviceId: string,
    elapsed: number | undefined,
    timestamp: number,
    measured: () => ReadonlyMap<string, number>,
  ): void {
    this.observer.lost("incomplete rows");
    this.#follow(elapsed);
    this.#lateInRow = 0;
    if (this.#incompleteInRow === 0) this.#incompleteSince = timestamp;
    this.#incompleteInRow += 1;
    if (this.#incompleteInRow % IN_A_ROW !== 0) return;
    const gone = [...measured()].filter(([, at]) => at < this.#incompleteSince);
    this.#begin(
      deviceId,
      "missing",
      gone.length > 0 ? goneText(gone) : "no row is whole: its sensors report at different times",
    );
  }

  #follow(elapsed: number | undefined): void {
    if (elapsed === undefined) return;
    this.interval = this.interval === undefined ? elapsed : this.interval + FOLLOW * (elapsed - this.interval);
  }

  #begin(deviceId: string, cause: RowCause, text: string): void {
    this.#present ??= new Set();
    this.#present.add(cause);
    this.observer.trouble(deviceId, cause, text);
  }

  #end(deviceId: string, cause: RowCause): void {
    if (this.#present?.delete(cause)) this.observer.trouble(deviceId, cause, undefined);
  }
}

function aheadText(timestamp: number): string {
  return `a reading is dated ${timeText(timestamp)}, far ahead of the others; left out`;
}

function goneText(gone: readonly (readonly [sensor: string, at: number])[]): string {
  const heard = gone.filter(([, at]) => Number.isFinite(at));
  const never = gone.filter(([, at]) => !Number.isFinite(at)).map(([sensor]) => sensor);
  const parts = [
    heard.length > 0 ? `no value of ${listed(heard.map(([sensor, at]) => `${sensor} since ${timeText(at)}`))}` : "",
    never.length > 0 ? `no value of ${listed(never)} so far` : "",
  ];
  return parts.filter((part) => part !== "").join("; ");
}

function listed(names: readonly string[]): string {
  const rest = names.length - MOST_NAMED;
  return `${names.slice(0, MOST_NAMED).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}
