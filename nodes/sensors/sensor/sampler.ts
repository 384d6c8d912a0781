import { ConfigError, type NodeContext, type NodeMessage, type Outputs, ports } from "../../../kit";
import type { BusClock } from "../../../lib/bus";
import type { ChannelReading, SampleBlock, SensorSession } from "../../../lib/drivers";
import { isNumeric, type Reading } from "../../../lib/reading";
import { blockFigures, type Calibrations, FailureNews, Poller, readingsOf, unreadable } from "../../../lib/sensing";
import { Pace } from "./pace";
import type { schema } from "./schema";

/** A node that starts with its flow lets the other nodes of the flow start first. */
const START_DELAY_MS = 100;
/** Channels that the status has room for. */
const SHOWN_CHANNELS = 3;

export interface SamplerOptions {
  readonly clock: BusClock;
  readonly deviceId: string;
  readonly calibrations: Calibrations;
}

/** Reads one part when it is due, and says what became of it. */
export class Sampler {
  readonly #pace: Pace;
  #session: SensorSession | undefined;
  #poller: Poller | undefined;
  #stopListening: (() => void) | undefined;
  #isClosed = false;
  readonly #failures = new FailureNews();

  constructor(
    private readonly context: NodeContext<typeof schema>,
    private readonly options: SamplerOptions,
  ) {
    this.#pace = new Pace(context.config);
  }

  /** @throws ConfigError for a part that cannot be read as it is asked for */
  begin(session: SensorSession): void {
    const { trigger, deliver } = this.context.config;
    // Closed while the part was looked up: nobody would ever stop what begins now.
    if (this.#isClosed) return;
    this.#session = session;
    const unknown = this.#unknownChannel(session);
    if (unknown !== undefined) throw new ConfigError(`Calibration: the part has no channel "${unknown}"`);
    if (deliver === "blocks" && !session.readBlock) throw new ConfigError("Deliver: the part has no blocks of samples");
    if (trigger === "spoken") this.#listen(session);
    else if (trigger === "interval") this.#poll();
    else this.context.status.idle("waits for a message");
  }

  /** A message: a verdict, or a wish to read. */
  take(msg: NodeMessage): Promise<Outputs> | undefined {
    const { trigger, adaptive, anomalies } = this.context.config;
    if (trigger !== "interval" || !adaptive || anomalies !== "input") return this.read();
    const readings = (Array.isArray(msg.payload) ? msg.payload : [msg.payload]) as readonly Partial<Reading>[];
    const verdicts = readings.flatMap((reading) => reading?.anomaly?.isAnomaly ?? []);
    if (verdicts.length > 0 && this.#pace.judge(verdicts.includes(true))) this.#poller?.hasten();
    return undefined;
  }

  /** Reads once. Never rejects: what cannot be read comes as bad readings. */
  async read(): Promise<Outputs> {
    const session = this.#session;
    if (!session) return undefined;
    try {
      if (this.context.config.deliver === "blocks") return this.#block(await session.readBlock!());
      return ports(this.#readings(await session.read()));
    } catch (error) {
      if (this.#isClosed) return undefined;
      return ports(this.#failed(error, session));
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#poller?.stop();
    this.#stopListening?.();
    await this.#session?.close();
  }

  #poll(): void {
    const { context } = this;
    this.#poller = new Poller({
      now: () => performance.now(),
      after: (ms, work) => context.after(ms, work),
      interval: () => this.#pace.ms,
      poll: async () => this.#emit(await this.read()),
      skipped: (polls) => context.metrics.count("polls skipped", polls),
    });
    this.#poller.start(START_DELAY_MS);
    context.status.busy("starts");
  }

  #listen(session: SensorSession): void {
    if (!session.listen) throw new ConfigError("Read: the part does not speak by itself: choose an interval");
    this.context.status.busy("listens");
    this.#stopListening = session.listen(
      this.context.guard((channels: ChannelReading[]) => this.#emit(ports(this.#readings(channels)))),
      this.context.guard((problem: Error) => this.#emit(ports(this.#failed(problem, session)))),
    );
  }

  #emit(outputs: Outputs): void {
    this.context.emit(outputs, { topic: this.options.deviceId });
  }

  #readings(channels: readonly ChannelReading[], timestamp = this.options.clock.now()): Reading[] {
    const { deviceId, calibrations } = this.options;
    const readings = readingsOf(deviceId, channels, timestamp, calibrations);
    this.context.metrics.count("reads");
    this.#pace.look(readings);
    this.#show(readings);
    return readings;
  }

  #block(block: SampleBlock): Outputs {
    const figures = this.#readings(blockFigures(block), block.timestamp);
    if (block.overrun) this.context.metrics.count("blocks with a gap");
    const payload = { deviceId: this.options.deviceId, ...block };
    return ports(figures, { topic: this.options.deviceId, payload });
  }

  #failed(error: unknown, session: SensorSession): Reading[] {
    const { context, options } = this;
    const reason = error instanceof Error ? error.message : String(error);
    context.metrics.count("failed reads");
    if (this.#failures.isNews(reason)) context.fail(error);
    else context.status.error(reason);
    return unreadable(options.deviceId, session.channels, options.clock.now(), reason);
  }

  #show(readings: readonly Reading[]): void {
    const { status } = this.context;
    this.#failures.over();
    const bad = readings.find(({ quality }) => quality === "bad");
    if (bad) {
      status.warn(`${bad.sensor}: ${bad.metadata?.reason ?? "bad"}`);
      return;
    }
    const shown = readings.slice(0, SHOWN_CHANNELS).map(valueText).join(", ");
    const fast = this.#pace.isFast ? `; every ${Number((this.#pace.ms / 1000).toPrecision(3))} s` : "";
    status.ok(`${shown}${readings.length > SHOWN_CHANNELS ? ", …" : ""}${fast}`);
  }

  #unknownChannel({ channels }: SensorSession): string | undefined {
    const names = new Set(channels.map(({ sensor }) => sensor));
    // The figures of a block are channels, too.
    const isBlock = this.context.config.deliver === "blocks";
    return [...this.options.calibrations.keys()].find((name) => !isBlock && !names.has(name));
  }
}

function valueText(reading: Reading): string {
  const value = isNumeric(reading) ? Number(reading.value.toPrecision(4)) : reading.value;
  return reading.unit === "1" ? `${reading.sensor} ${value}` : `${value} ${reading.unit}`;
}
