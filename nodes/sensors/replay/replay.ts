import { resolve } from "node:path";
import { Readable } from "node:stream";
import { ConfigError, type ConfigOf, defineNode, type NodeContext, ports } from "../../../kit";
import { type FlowWatch, flowControlOf } from "../../../kit/flow-control";
import { type CsvOptions, CsvPlayer, type CsvProblem, formatByName, problemText, readCsv } from "../../../lib/csv";
import { bytesOf } from "../../../lib/files";
import { checkDeviceId, describe, type Reading } from "../../../lib/reading";
import { schema } from "./schema";

/** A node that starts with its flow lets the other nodes of the flow start first. */
const START_DELAY_MS = 100;
const STATUS_MS = 1000;
/** A node that takes longer with a batch is not waited for. */
const FLOW_LIMIT_MS = 30_000;
/** Problems of a file that are reported one by one; all are counted. */
const REPORTED_PROBLEMS = 20;

type ReplayEvent = "started" | "paused" | "resumed" | "stopped" | "ended" | "failed";

export default defineNode(schema, (context) => {
  const replay = new Replay(context, csvOptions(context.config));
  return {
    start() {
      replay.open();
      const { source, begin } = context.config;
      if (source === "file" && begin === "deploy") context.after(START_DELAY_MS, () => void replay.start());
    },
    input: (msg) => replay.start(msg.payload),
    commands: {
      start: (msg) => replay.start(msg.payload),
      stop: () => replay.stop(),
      pause: () => replay.pause(),
      resume: () => replay.resume(),
    },
    close: () => replay.close(),
  };
});

/** Keeps at most one player, and tells status and events of it. */
class Replay {
  /** What is played, as it is named to people. */
  readonly #name: string;
  /** The CSV text that came by the last message that had one. */
  #text: Buffer | undefined;
  #player: CsvPlayer | undefined;
  #playing: Promise<void> = Promise.resolve();
  #began = 0;
  #reported = 0;
  #flow: FlowWatch | undefined;

  constructor(
    private readonly context: NodeContext<typeof schema>,
    private readonly csv: CsvOptions,
  ) {
    const { source, file } = context.config;
    this.#name = source === "file" ? resolve(context.userDir, file) : "CSV text";
  }

  open(): void {
    this.#flow = flowControlOf(this.context.runtime).open();
    this.context.every(STATUS_MS, () => this.#show());
    this.context.status.idle("waits for a message");
  }

  /** @param payload where the recording comes by message: its text, or anything else to play the last one again */
  start(payload?: unknown): null {
    const open = this.#source(payload);
    this.stop();
    const { pace, speed, times, loop } = this.context.config;
    const player = new CsvPlayer(
      () => readCsv(open(), this.csv),
      { speed: pace === "max" ? "max" : speed, keepTime: times === "keep", loop },
      { batch: (readings) => this.#handOver(readings), problem: (problem) => this.#report(problem) },
    );
    this.#player = player;
    this.#began = performance.now();
    this.#reported = 0;
    // The one before has been told to stop and lets go of its file first.
    this.#playing = this.#playing.then(() => this.#play(player));
    return null;
  }

  #source(payload: unknown): () => AsyncIterable<Uint8Array> {
    if (this.context.config.source === "file") return () => bytesOf(this.#name);
    if (typeof payload === "string" || Buffer.isBuffer(payload)) this.#text = Buffer.from(payload);
    const text = this.#text;
    if (!text) throw new Error(`msg.payload: expected CSV text, got ${describe(payload)}`);
    return () => Readable.from([text]);
  }

  stop(): null {
    const player = this.#player;
    if (!player) return null;
    player.stop();
    this.#player = undefined;
    this.context.status.idle("stopped");
    this.#tell("stopped", player);
    return null;
  }

  pause(): null {
    if (!this.#player || this.#player.paused) return null;
    this.#player.pause();
    this.#show();
    this.#tell("paused", this.#player);
    return null;
  }

  resume(): null {
    if (!this.#player?.paused) return null;
    this.#player.resume();
    this.#show();
    this.#tell("resumed", this.#player);
    return null;
  }

  async close(): Promise<void> {
    this.#player?.stop();
    this.#player = undefined;
    await this.#playing;
    this.#flow?.close();
  }

  async #play(player: CsvPlayer): Promise<void> {
    if (player.stopped) return;
    this.#tell("started", player);
    try {
      await player.play();
      if (this.#player !== player) return;
      this.#player = undefined;
      this.context.status.idle(`ended: ${progressOf(player)}`);
      this.#tell("ended", player);
    } catch (error) {
      if (this.#player !== player) return;
      this.#player = undefined;
      const reason = `${this.#name}: ${error instanceof Error ? error.message : error}`;
      this.context.fail(new Error(reason), { payload: { file: this.#name }, reason });
      this.#tell("failed", player, { reason });
    }
  }

  /** Resolves when the flow has finished with the batch. */
  #handOver(readings: readonly Reading[]): Promise<void> {
    const { context } = this;
    context.metrics.in += readings.length;
    const msg = { _msgid: context.runtime.util.generateId(), topic: this.csv.deviceId };
    return new Promise((finished) => {
      this.#flow?.track(msg, () => context.emit(ports(readings, null), msg), {
        limitMs: FLOW_LIMIT_MS,
        forgiving: true,
        onFinished: () => finished(),
      });
    });
  }

  #report(problem: CsvProblem): void {
    this.context.metrics.refused += 1;
    this.#reported += 1;
    if (this.#reported > REPORTED_PROBLEMS) return;
    const rest = this.#reported === REPORTED_PROBLEMS ? " (further ones are only counted)" : "";
    const reason = `${this.#name}: ${problemText(problem)}${rest}`;
    this.context.fail(new Error(reason), { payload: problem, reason });
  }

  #tell(event: ReplayEvent, player: CsvPlayer, more: Readonly<Record<string, unknown>> = {}): void {
    const { rounds, rows, readings, problems } = player.counts;
    const seconds = Math.round(performance.now() - this.#began) / 1000;
    const { deviceId } = this.csv;
    const payload = { event, file: this.#name, deviceId, rounds, rows, readings, problems, seconds, ...more };
    this.context.emit(ports(null, { topic: event, payload }));
  }

  #show(): void {
    if (!this.#player) return;
    const { status } = this.context;
    if (this.#player.paused) status.warn(`paused: ${progressOf(this.#player)}`);
    else status.ok(progressOf(this.#player));
  }
}

function progressOf({ counts }: CsvPlayer): string {
  const at = counts.recorded === undefined ? "" : `${new Date(counts.recorded).toISOString().slice(0, 16)}, `;
  const problems = counts.problems > 0 ? `, ${counts.problems} refused` : "";
  return `${at}${counts.rows} rows${problems}`;
}

function csvOptions(config: ConfigOf<typeof schema>): CsvOptions {
  try {
    return {
      deviceId: checkDeviceId(config.deviceId.trim()),
      timestampColumn: config.timestampColumn.trim() || undefined,
      timestampFormat: formatByName(config.timestampFormat),
      timeZone: config.timeZone.trim(),
      columns: config.columns,
      units: Object.fromEntries(config.units.map(({ column, unit }) => [column.trim(), unit])),
    };
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : String(error));
  }
}
