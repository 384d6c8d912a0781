import { ConfigError, type ConfigOf, defineNode, type NodeContext, type NodeMessage, type Outputs } from "../../../kit";
import { type Change, LockedOff, OutputControl, type OutputRules, outputRules, readingOf } from "../../../lib/actuator";
import type { OutputInfo } from "../../../lib/drivers";
import { checkDeviceId } from "../../../lib/reading";
import { driverOptions, FailureNews, placeOf, placeText, withoutPause } from "../../../lib/sensing";
import type { BusService } from "../bus/service";
import { type Claim, claimOutput } from "./board";
import { schema } from "./schema";

export default defineNode(schema, (context) => {
  const service = context.use<BusService>("bus");
  const driver = new Driver(context, service);
  return {
    start: () => driver.start(),
    input: (msg) => driver.take(msg),
    close: () => driver.close(),
  };
});

type Config = ConfigOf<typeof schema>;

/** One output under its rules, and what is told of it. */
class Driver {
  #claim: Claim | undefined;
  #control: OutputControl | undefined;
  #output: OutputInfo | undefined;
  #deviceId = "";
  /** Changes that were made while a request was at work, which may be its own. */
  #changes: Change[] | undefined;
  readonly #failures = new FailureNews();
  #isClosed = false;

  constructor(
    private readonly context: NodeContext<typeof schema>,
    private readonly service: BusService,
  ) {}

  async start(): Promise<void> {
    const { config, name, status } = this.context;
    await this.service.ready;
    try {
      const settings = { ...placeOf(this.service.kind, config.place), options: driverOptions(config.options) };
      const id = config.driver.trim();
      const place = placeText(this.service.kind, settings);
      const given = config.deviceId.trim() || (name === schema.label || /[/+#]/.test(name) ? "" : name);
      this.#deviceId = checkDeviceId(given || [id, place].filter((part) => part !== "").join("-"));
      this.#claim = await claimOutput(this.service, id, settings, config.output.trim());
      this.#output = this.#claim.output;
      this.#control = this.#controlled(this.#claim, outputRules(this.#output, limitsOf(config)));
    } catch (error) {
      await this.#claim?.release();
      throw new ConfigError(error instanceof Error ? error.message : String(error));
    }
    status.busy("goes to its safe value");
    if (this.#isClosed) await this.#claim.release();
    else await this.#control.start();
  }

  async take(msg: NodeMessage): Promise<Outputs> {
    const control = this.#control!;
    this.#changes = [];
    let own: Change | undefined;
    try {
      const outcome = await control.request(wantedValue(msg.payload));
      if (outcome.kind === "set") own = outcome.change;
      else if (outcome.kind === "held") this.#showHeld(outcome.until);
      return own && [this.#reading(own)];
    } catch (error) {
      if (error instanceof LockedOff) this.context.status.warn("off: was on for the longest time allowed");
      throw error;
    } finally {
      const others = this.#changes.filter((change) => change !== own);
      this.#changes = undefined;
      for (const change of others) this.#tell(change);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    try {
      await this.#control?.close();
    } finally {
      await this.#claim?.release();
    }
  }

  #controlled(claim: Claim, rules: OutputRules): OutputControl {
    const { context } = this;
    return new OutputControl(rules, {
      set: (value) => claim.set(value),
      now: () => performance.now(),
      after: (ms, work) => context.after(ms, work),
      changed: (change) => {
        this.#failures.over();
        this.#showSet(change);
        if (this.#changes) this.#changes.push(change);
        else this.#tell(change);
      },
      failed: (error, { cause }, retryMs) => {
        const reason = withoutPause(error instanceof Error ? error.message : String(error));
        context.metrics.count("failed changes");
        const text = `${reason}; tried again in ${retryMs / 1000} s`;
        // Who asked is told by the message's own error.
        if (this.#failures.isNews(reason) && cause !== "set") context.fail(text);
        else context.status.error(text);
      },
    });
  }

  #reading(change: Change) {
    return readingOf(this.#deviceId, this.#output!, change, Date.now());
  }

  #tell(change: Change): void {
    this.context.emit([this.#reading(change)], { topic: this.#deviceId });
  }

  #showSet({ value, cause }: Change): void {
    const { unit, actuator } = this.#output!;
    const shown = typeof value === "boolean" ? (value ? "on" : "off") : String(value);
    const text = `${actuator} ${shown}${unit === "1" ? "" : ` ${unit}`}`;
    const { status } = this.context;
    if (cause === "input-lost") status.warn(`${text}: no input`);
    else if (cause === "longest-on") status.warn(`${text}: was on for the longest time allowed`);
    else status.ok(text);
  }

  #showHeld(until: number): void {
    const seconds = Math.max(0, (until - performance.now()) / 1000);
    this.context.status.busy(`waits ${seconds.toFixed(1)} s before it switches`);
  }
}

function limitsOf({ safe, low, high, minOn, minOff, maxOn, inputTimeout }: Config) {
  const ms = (seconds: number | undefined) => (seconds === undefined ? undefined : seconds * 1000);
  if ((low === undefined) !== (high === undefined))
    throw new RangeError("expected a lowest and a highest value, or none");
  return {
    ...(safe.trim() === "" ? {} : { safe: safe.trim() }),
    ...(low === undefined || high === undefined ? {} : { range: [low, high] as const }),
    minOnMs: ms(minOn),
    minOffMs: ms(minOff),
    maxOnMs: ms(maxOn),
    inputTimeoutMs: ms(inputTimeout),
  };
}

/** A plain value, that of a reading, or of the last of several. */
function wantedValue(payload: unknown): unknown {
  const last: unknown = Array.isArray(payload) ? payload.at(-1) : payload;
  return typeof last === "object" && last !== null && "value" in last ? last.value : last;
}
