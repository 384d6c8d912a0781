import { ConfigError, type Refuse } from "../../../kit";
import {
  type DeadLetter,
  type Entry,
  GroupCommit,
  Outbox,
  type OutboxCounts,
  OutboxFullError,
  type OutboxLimits,
  Sender,
  type SenderState,
  type Written,
} from "../../../lib/outbox";
import type { Reading } from "../../../lib/reading";
import type { StoreService } from "../../../lib/store";
import { type InfluxService, type InfluxTarget, LineEncoder, openInflux } from "../../../lib/timeseries";
import type { Context } from "./node-context";
import { OutboxReport } from "./outbox-report";

/** Readings of one message that become one entry of the outbox: large messages must not become one huge write. */
const ENTRY_READINGS = 5000;
const UPKEEP_MS = 1000;

export interface Stats extends OutboxCounts {
  readonly state: SenderState["kind"];
  readonly problem: string | undefined;
  /** When the server last confirmed a write, ms since the epoch. */
  readonly lastWrittenAt: number | undefined;
}

/** The way of readings to InfluxDB: encoded, on disk, then written by the sender. */
export class InfluxOutbox {
  readonly #service: InfluxService;
  readonly #target: InfluxTarget;
  readonly #encoder: LineEncoder;
  readonly #outbox: Outbox;
  readonly #sender: Sender;
  readonly #commit: GroupCommit<Entry>;
  readonly #report: OutboxReport;

  constructor(private readonly context: Context) {
    const { config } = context;
    this.#service = context.use<InfluxService>("influxdb");
    this.#target = openInflux(this.#service.version, this.#service.connection);
    const { measurement } = this.#service.connection;
    this.#encoder = new LineEncoder({
      measurement,
      metadataTags: metadataTagsOf(context),
      onManyValues: (key, values) =>
        context.warn(
          `metadata "${key}" has had ${values} values, each a series of its own in InfluxDB: ` +
            'choose "Only these" or "None" for metadata as tags if they go on changing',
        ),
    });
    this.#outbox = new Outbox(context.use<StoreService>("store"), context.id, limitsOf(config));
    for (const lines of this.#outbox.recent()) this.#encoder.recall(lines);
    this.#report = new OutboxReport(context, this.#service.title);
    this.#sender = this.#createSender();
    this.#commit = new GroupCommit(
      (entries) => this.#outbox.append(entries),
      () => this.#sender.wake(),
    );
  }

  #createSender(): Sender {
    const { context } = this;
    const options = {
      batchReadings: context.config.batchReadings,
      batchMs: context.config.batchTime * 1000,
    };
    return new Sender(this.#outbox, this.#target.write, options, {
      now: Date.now,
      after: (ms, work) => context.after(ms, work),
      onWritten: (written) => this.#written(written),
      onState: (state) => this.#report.changed(state),
      onError: (error) => context.fail(error),
    });
  }

  start(): void {
    this.#showStatus();
    this.context.every(UPKEEP_MS, () => {
      this.#outbox.expire();
      this.#showStatus();
    });
    this.#sender.wake();
  }

  #showStatus(): void {
    this.#report.show(this.#outbox.counts(), this.#sender.state, this.#sender.lastWrittenAt);
  }

  /**
   * Resolves when every reading of the batch is on disk or was refused with its reason.
   * @throws OutboxFullError, StoreError
   */
  async accept(batch: readonly Reading[], refuse: Refuse): Promise<void> {
    const appended: Promise<void>[] = [];
    for (let start = 0; start < batch.length; start += ENTRY_READINGS) {
      const part = batch.length <= ENTRY_READINGS ? batch : batch.slice(start, start + ENTRY_READINGS);
      const { lines, count, refused } = this.#encoder.encode(part);
      for (const { input, reason } of refused) refuse(input, reason);
      if (count > 0) appended.push(this.#append({ lines, count }));
    }
    // All have settled before the message is done, so that its error speaks for all of its parts.
    const outcomes = await Promise.allSettled(appended);
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed) throw failed.reason;
  }

  async #append(entry: Entry): Promise<void> {
    try {
      await this.#commit.append(entry);
    } catch (error) {
      if (error instanceof OutboxFullError) this.context.metrics.refused += entry.count;
      throw error;
    }
  }

  #written({ group, rejected }: Written): void {
    const { context } = this;
    context.metrics.count("written", group.count - rejected.length);
    if (rejected.length > 0) this.#report.rejected(rejected, group.count);
    if (!context.config.confirm) return;
    const { waiting } = this.#outbox.counts();
    context.emit({
      topic: "written",
      payload: { written: group.count - rejected.length, rejected: rejected.slice(0, 100), waiting },
    });
  }

  async flush(): Promise<Stats> {
    this.#commit.commit();
    await this.#sender.flush();
    return this.stats();
  }

  stats(): Stats {
    const { state } = this.#sender;
    return {
      ...this.#outbox.counts(),
      state: state.kind,
      problem: state.kind === "ok" ? undefined : state.problem,
      lastWrittenAt: this.#sender.lastWrittenAt,
    };
  }

  deadLetters(limit: unknown): DeadLetter[] {
    if (limit === undefined) return this.#outbox.letters();
    if (typeof limit === "number" && Number.isInteger(limit) && limit > 0) return this.#outbox.letters(limit);
    throw new TypeError(`msg.limit: expected a whole number of at least 1, got ${JSON.stringify(limit)}`);
  }

  retryDeadLetters(): { retried: number } {
    const retried = this.#outbox.retryLetters();
    this.#sender.wake();
    return { retried };
  }

  clearDeadLetters(): { cleared: number } {
    return { cleared: this.#outbox.clearLetters() };
  }

  /** What waits stays on disk under the node's id; nobody else sends it, so a deleted node says what it leaves. */
  async close(removed: boolean): Promise<void> {
    this.#commit.commit();
    await this.#sender.close();
    const { waiting } = this.#outbox.counts();
    if (removed && waiting > 0) {
      this.context.warn(`removed while ${waiting} readings wait in the outbox: undo or enable the node to send them`);
    }
    this.#target.close();
  }
}

function limitsOf({ maxReadings, maxMegabytes, maxHours, whenFull }: Context["config"]): OutboxLimits {
  return {
    maxReadings,
    maxBytes: maxMegabytes * 1e6,
    maxAgeMs: maxHours === undefined ? undefined : maxHours * 3_600_000,
    whenFull,
  };
}

function metadataTagsOf({ config }: Context): "all" | readonly string[] {
  if (config.metadata === "all") return "all";
  if (config.metadata === "none") return [];
  if (config.metadataKeys.length === 0) throw new ConfigError("Keys: name the metadata that become tags");
  return config.metadataKeys;
}
