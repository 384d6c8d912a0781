import { type ArrivalMark, type Reading, type ReadingValue, SeriesMap, seriesKey } from "../reading";

export interface ArrivalOptions {
  /** A reading measured longer ago than this when it arrives is late, ms; 0 marks none. */
  readonly lateAfterMs: number;
  /** A reading whose time is further ahead of ours than this is from the future, ms; 0 marks none. */
  readonly futureAfterMs: number;
  readonly duplicates: boolean;
  /** Series remembered for duplicates; the least recently heard goes first. */
  readonly cap?: number;
}

/** Readings of a series without a sequence number that are remembered to compare with. */
const REMEMBERED = 8;
/** Width of the window over sequence numbers, as in RFC 4303 section 3.4.3. */
const SEQ_WINDOW = 64;

const NO_MARKS: readonly ArrivalMark[] = [];

/** Judges how readings arrive: late, from the future, or a second time. Counts what it marked. */
export class ArrivalJudge {
  late = 0;
  future = 0;
  duplicate = 0;
  readonly #series: SeriesMap<SeriesMemory>;

  constructor(private readonly options: ArrivalOptions) {
    this.#series = new SeriesMap(options.cap);
  }

  /** The reading itself when nothing is odd about it, otherwise a copy with its marks. `now` in ms since the epoch. */
  judge(reading: Reading, now: number): Reading {
    const { lateAfterMs, futureAfterMs, duplicates } = this.options;
    const age = now - reading.timestamp;
    const isLate = lateAfterMs > 0 && age > lateAfterMs;
    const isFuture = futureAfterMs > 0 && -age > futureAfterMs;
    const isDuplicate = duplicates && this.#memoryOf(reading).hasSeen(reading);
    if (!isLate && !isFuture && !isDuplicate) return reading;
    return this.#marked(reading, isLate, isFuture, isDuplicate);
  }

  #memoryOf(reading: Reading): SeriesMemory {
    const key = seriesKey(reading);
    const known = this.#series.get(key);
    if (known) return known;
    const fresh = new SeriesMemory();
    this.#series.set(key, fresh);
    return fresh;
  }

  #marked(reading: Reading, isLate: boolean, isFuture: boolean, isDuplicate: boolean): Reading {
    const marks = new Set(reading.marks ?? NO_MARKS);
    if (isLate) {
      this.late += 1;
      marks.add("late");
    }
    if (isFuture) {
      this.future += 1;
      marks.add("future");
    }
    if (isDuplicate) {
      this.duplicate += 1;
      marks.add("duplicate");
    }
    return { ...reading, marks: [...marks] };
  }
}

/** What is remembered of one series: a few hundred bytes, whatever arrives. */
class SeriesMemory {
  #newest = Number.NEGATIVE_INFINITY;
  /** Times and values of the latest readings; not the readings, which would be kept alive. */
  #times: number[] | undefined;
  #values: ReadingValue[] | undefined;
  #next = 0;
  #highestSeq = -1;
  /** Bit k of the pair says that sequence number highest - k has been seen. */
  #seenLow = 0;
  #seenHigh = 0;

  /** True when the reading came before; remembers it. */
  hasSeen(reading: Reading): boolean {
    return reading.seq === undefined ? this.#hasSeenValue(reading) : this.#hasSeenSeq(reading.seq, reading.timestamp);
  }

  #hasSeenValue({ timestamp, value }: Reading): boolean {
    // In a stream that goes forward the newest time decides, and nothing is searched.
    const isNewer = timestamp > this.#newest;
    if (isNewer) this.#newest = timestamp;
    else if (this.#remembers(timestamp, value)) return true;
    this.#times ??= [];
    this.#values ??= [];
    this.#times[this.#next] = timestamp;
    this.#values[this.#next] = value;
    this.#next = (this.#next + 1) % REMEMBERED;
    return false;
  }

  #remembers(timestamp: number, value: ReadingValue): boolean {
    const { length } = this.#times ?? [];
    for (let index = 0; index < length; index += 1) {
      if (this.#times?.[index] === timestamp && this.#values?.[index] === value) return true;
    }
    return false;
  }

  /**
   * A number within the window that was seen before is a duplicate. A number far below the window, or 0 with a newer time,
   * is a device that started to count again: it begins a new window.
   */
  #hasSeenSeq(seq: number, timestamp: number): boolean {
    const behind = this.#highestSeq - seq;
    const isNewer = timestamp > this.#newest;
    if (isNewer) this.#newest = timestamp;
    if (behind >= SEQ_WINDOW || (seq === 0 && isNewer)) return this.#restartAt(seq);
    if (behind < 0) return this.#advanceTo(seq, -behind);
    const seen = this.#bit(behind);
    this.#set(behind);
    return seen;
  }

  #restartAt(seq: number): false {
    this.#highestSeq = seq;
    this.#seenLow = 1;
    this.#seenHigh = 0;
    return false;
  }

  #advanceTo(seq: number, by: number): false {
    if (by >= SEQ_WINDOW) return this.#restartAt(seq);
    if (by >= 32) {
      this.#seenHigh = this.#seenLow << (by - 32);
      this.#seenLow = 0;
    } else {
      this.#seenHigh = (this.#seenHigh << by) | (this.#seenLow >>> (32 - by));
      this.#seenLow <<= by;
    }
    this.#highestSeq = seq;
    this.#seenLow |= 1;
    return false;
  }

  #bit(behind: number): boolean {
    return behind < 32 ? ((this.#seenLow >>> behind) & 1) === 1 : ((this.#seenHigh >>> (behind - 32)) & 1) === 1;
  }

  #set(behind: number): void {
    if (behind < 32) this.#seenLow |= 1 << behind;
    else this.#seenHigh |= 1 << (behind - 32);
  }
}
