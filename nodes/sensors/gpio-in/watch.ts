import type { NodeContext } from "../../../kit";
import { backoffDelay } from "../../../lib/backoff/backoff";
import type { GpioChip, GpioInput, InputOptions, SharedBus } from "../../../lib/bus";
import type { LineSignal, TimedReading } from "../../../lib/gpio";
import { FailureNews, readingsOf } from "../../../lib/sensing";
import type { schema } from "./schema";

/** How often it is looked at whether the line is still watched. */
const CHECK_MS = 2000;
const REOPEN_BACKOFF = { baseMs: 1000, capMs: 60_000 };

export interface WatchOptions {
  readonly bus: SharedBus<"gpio">;
  readonly deviceId: string;
  /** What the line means; its state counts as changed when it is asked for. */
  readonly signal: () => LineSignal;
  readonly line: number;
  readonly input: InputOptions;
}

/** Watches one line, and again when the chip or the watching program was lost. */
export class LineWatch {
  #watched: { readonly chip: GpioChip; readonly input: GpioInput } | undefined;
  #cancelDue: (() => void) | undefined;
  #failures = 0;
  readonly #news = new FailureNews();
  #isClosed = false;

  constructor(
    private readonly context: NodeContext<typeof schema>,
    private readonly options: WatchOptions,
  ) {}

  /** Never rejects: what fails is tried again. */
  async open(): Promise<void> {
    if (this.#isClosed) return;
    const { bus, line, input, signal } = this.options;
    try {
      const isActive = await bus.hold((grip) =>
        grip.use(async (chip) => {
          const opened = await chip.watch(
            line,
            input,
            this.context.guard((edge: string, timestamp: number) =>
              this.#take(signal().edge(edge === "rising", timestamp)),
            ),
          );
          this.#watched = { chip, input: opened };
          return opened.read();
        }),
      );
      this.#failures = 0;
      this.#news.over();
      this.context.status.ok(isActive ? "active" : "not active");
      this.#take(signal().start(isActive, bus.clock.now()));
      this.context.after(CHECK_MS, () => this.#check());
    } catch (error) {
      await this.#lost(error);
    }
    if (this.#isClosed) await this.#leave();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelDue?.();
    await this.#leave();
  }

  async #check(): Promise<void> {
    const watched = this.#watched;
    if (this.#isClosed || !watched) return;
    try {
      const isSame = await this.options.bus.hold((grip) =>
        grip.use(async (chip) => {
          await watched.input.read();
          return chip === watched.chip;
        }),
      );
      // The chip was opened anew, because it had failed for somebody else.
      if (!isSame) return this.#again();
      this.context.after(CHECK_MS, () => this.#check());
    } catch (error) {
      await this.#lost(error);
    }
  }

  async #again(): Promise<void> {
    await this.#leave();
    await this.open();
  }

  async #lost(error: unknown): Promise<void> {
    await this.#leave();
    if (this.#isClosed) return;
    const reason = error instanceof Error ? error.message : String(error);
    if (this.#news.isNews(reason)) this.context.fail(error);
    else this.context.status.error(reason);
    this.context.after(backoffDelay(this.#failures, REOPEN_BACKOFF), () => this.open());
    this.#failures += 1;
  }

  async #leave(): Promise<void> {
    const watched = this.#watched;
    this.#watched = undefined;
    await watched?.input.close().catch(() => undefined);
  }

  #take(readings: readonly TimedReading[]): void {
    const { deviceId, signal, bus } = this.options;
    if (readings.length > 0) {
      this.context.emit(
        readings.flatMap((reading) => readingsOf(deviceId, [reading], reading.timestamp)),
        { topic: deviceId },
      );
      this.#show(readings);
    }
    this.#cancelDue?.();
    const { dueAt } = signal();
    if (dueAt === undefined) return;
    const delay = Math.max(0, dueAt - bus.clock.now());
    this.#cancelDue = this.context.after(delay, () => this.#take(signal().at(bus.clock.now())));
  }

  #show(readings: readonly TimedReading[]): void {
    const shown = readings.slice(0, 3).map(({ sensor, value, unit }) => {
      const text = typeof value === "number" ? Number(value.toPrecision(4)) : value;
      return `${sensor} ${text}${unit === "1" ? "" : ` ${unit}`}`;
    });
    this.context.status.ok(shown.join(", "));
  }
}
