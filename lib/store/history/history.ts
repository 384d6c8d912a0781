import type { StatementSync } from "node:sqlite";
import type { Reading } from "../../reading";
import type { HistoryQuery, HistorySeries, HistoryService } from "../contract";
import type { StoreFile } from "../file";
import { decodeBlock } from "./block";
import { evictSpans, freeSpace, type Upkeep } from "./eviction";
import { Log } from "./log";
import { Collector, checkRange } from "./query";
import { blockId, COMPONENT, MIGRATIONS } from "./schema";
import { nextSpan, Sealing } from "./sealing";
import { SeriesIds } from "./series-ids";

/** A log is sealed after so long even when it is not full, since only sealed readings can grow too old. */
const LOG_MAX_AGE_MS = 6 * 3600 * 1000;

/** Sizes that only tests and measurements have reason to change. */
export interface HistorySizes {
  /** A log of so many plain readings is sealed. More make better blocks, and more memory: about 200 bytes each. */
  readonly logReadings: number;
  /** Series sealed in one transaction. */
  readonly stepSeries: number;
  /** Time after which sealing lets other work go on. */
  readonly sealMs: number;
}

const SIZES: HistorySizes = { logReadings: 32_768, stepSeries: 256, sealMs: 4 };

/** The bounded past of every series; how it is laid out is explained in schema.ts. */
export class History implements HistoryService {
  readonly #series: SeriesIds;
  readonly #logs: Record<"a" | "b", Log>;
  readonly #block: StatementSync;
  #active: Log;
  #sealing: Sealing | undefined;
  #loaded = false;
  #nextRow = 1;

  constructor(
    private readonly file: StoreFile,
    private readonly now: () => number = Date.now,
    private readonly sizes: HistorySizes = SIZES,
  ) {
    const db = file.component(COMPONENT, MIGRATIONS);
    this.#series = new SeriesIds(file);
    this.#logs = { a: new Log(file, "a"), b: new Log(file, "b") };
    this.#active = this.#logs.a;
    this.#block = db.prepare("SELECT data FROM history_block WHERE id = ?");
  }

  append(readings: readonly Reading[]): void {
    if (readings.length === 0) return;
    this.#load();
    if (this.#active.weight >= this.sizes.logReadings) this.#changeLogs();
    const span = (): number => this.#sealing?.span ?? nextSpan(this.file);
    const row = this.#nextRow;
    this.#nextRow += readings.length;
    this.file.transaction(() => {
      const series = readings.map(({ deviceId, sensor }) => this.#series.of(deviceId, sensor, span));
      this.#active.append(row, readings, series, this.now());
    });
  }

  query(query: HistoryQuery): Reading[] {
    const range = checkRange(query);
    this.#load();
    return this.#guarded(() => {
      const series = this.#series.list(query.deviceId, query.sensor);
      const collector = new Collector(range);
      for (const { id } of series) {
        if (this.#sealing) collector.add(this.#sealing.log.of(id), Number.MAX_SAFE_INTEGER - 1);
        collector.add(this.#active.of(id), Number.MAX_SAFE_INTEGER);
      }
      const order = range.newestFirst ? "last DESC" : "first";
      const spans = this.file.db.prepare(
        `SELECT id, first, last FROM history_span WHERE last >= ? AND first < ? ORDER BY ${order}`,
      );
      for (const span of spans.iterate(range.from, range.to)) {
        if (collector.isComplete(Number(span.first), Number(span.last))) break;
        for (const one of series) this.#collect(Number(span.id), one, collector);
      }
      return collector.result();
    });
  }

  series(deviceId?: string): HistorySeries[] {
    this.#load();
    return this.#guarded(() =>
      this.#series.list(deviceId).map((series) => ({ deviceId: series.deviceId, sensor: series.sensor })),
    );
  }

  /**
   * One small step of upkeep: seals a part of a full log, then evicts a part of the oldest span when its readings came
   * before `before` or the store holds more than `maxBytes`.
   */
  upkeep(before: number | undefined, maxBytes: number | undefined): Upkeep {
    this.#load();
    return this.#guarded(() => {
      this.#seal();
      const eviction = evictSpans(this.file, before, maxBytes);
      if (eviction.oldestSpan !== undefined) {
        this.#series.removeBefore(eviction.oldestSpan, (id) => this.#logs.a.has(id) || this.#logs.b.has(id));
      }
      const freeing = freeSpace(this.file);
      const more = this.#sealing !== undefined || eviction.more || freeing;
      return { evicted: eviction.evicted, more, overBy: eviction.overBy };
    });
  }

  /** Readings that queries can find, those in the logs included. */
  count(): number {
    this.#load();
    const sealed = this.#guarded(() => this.file.db.prepare("SELECT sum(readings) AS sum FROM history_span").get());
    return Number(sealed?.sum ?? 0) + this.#logs.a.readings + this.#logs.b.readings;
  }

  #collect(span: number, { id, deviceId, sensor }: HistorySeries & { id: number }, collector: Collector): void {
    const row = this.#block.get(blockId(span, id));
    if (row !== undefined) collector.add(decodeBlock(row.data as Uint8Array, deviceId, sensor), span);
  }

  /** After a restart the logs are as they were; the older one was being sealed. */
  #load(): void {
    this.file.checkOpen();
    if (this.#loaded) return;
    this.#guarded(() => {
      const names = new Map<number, HistorySeries | undefined>();
      const seriesOf = (id: number): HistorySeries | undefined => {
        if (!names.has(id)) names.set(id, this.#series.byId(id));
        return names.get(id);
      };
      for (const log of [this.#logs.a, this.#logs.b]) log.load(seriesOf, this.now());
      const { a, b } = this.#logs;
      if (a.readings > 0 && b.readings > 0) {
        const [older, newer] = a.lastRow < b.lastRow ? [a, b] : [b, a];
        this.#active = newer;
        this.#sealing = new Sealing(this.file, older, this.now);
      } else this.#active = b.readings > 0 ? b : a;
      this.#nextRow = Math.max(a.lastRow, b.lastRow) + 1;
      this.#loaded = true;
    });
  }

  /** A part of what is to be sealed. */
  #seal(): void {
    const { logReadings, sealMs } = this.sizes;
    const due = this.#active.weight >= logReadings || this.now() - this.#active.since > LOG_MAX_AGE_MS;
    if (due && !this.#sealing) this.#changeLogs();
    const until = performance.now() + sealMs;
    do this.#sealStep();
    while (this.#sealing && performance.now() < until);
  }

  /** Lets the other log take what arrives and begins to seal this one. Upkeep too slow for that has to be caught up. */
  #changeLogs(): void {
    // Within a transaction nothing is final yet: the log may well grow beyond its size until it is over.
    if (this.file.inTransaction) return;
    while (this.#sealing) this.#sealStep();
    const full = this.#active;
    this.#active = full === this.#logs.a ? this.#logs.b : this.#logs.a;
    this.#sealing = new Sealing(this.file, full, this.now);
  }

  #sealStep(): void {
    this.#sealing?.step(this.sizes.stepSeries);
    if (this.#sealing?.done) this.#sealing = undefined;
  }

  #guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw this.file.failure(error);
    }
  }
}
