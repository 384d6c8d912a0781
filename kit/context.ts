import type { EventEmitter } from "node:events";
import { DEFAULT_SERIES_CAP } from "../lib/reading";
import type { SeriesStates, StoreService } from "../lib/store/contract";
import { Once } from "../lib/text/once";
import { countOf } from "../lib/text/plural";
import { fingerprintOf, formerFingerprintsOf } from "./fingerprint";
import type { Metrics } from "./metrics";
import type { ConfigOf, CredentialsOf, NodeSchema } from "./node-schema";
import { type Outputs, toMessages } from "./outputs";
import { PerSeries, type PerSeriesOptions } from "./per-series";
import type { NodeMessage, Red, RedNode } from "./red";
import type { Status } from "./status";

/** A node that cannot work as it is configured; the message says which field and what to do. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** Where a config node keeps its service, or the reason why it has none. */
export const SERVICE = Symbol("gatewise.service");
export const PROBLEM = Symbol("gatewise.problem");
/** Who uses the service: a config node closes only after the nodes that are closing with it have finished. */
export const USERS = Symbol("gatewise.users");
export type ServiceNode = RedNode & { [SERVICE]?: unknown; [PROBLEM]?: string; [USERS]?: Set<NodeContext> };

/**
 * Writing wears out memory cards: changed states are saved to the store this often when they are small, and more rarely
 * when they are not, so that a node writes 350 MB a day. No more than the longest pause is lost with the power.
 */
const SHORTEST_PAUSE_MS = 30_000;
const LONGEST_PAUSE_MS = 15 * 60_000;
const CHARACTERS_A_SECOND = 4000;
/** Distinct warnings about states of series; more say nothing new. */
const MOST_WARNINGS = 20;

type Work = () => void | Promise<void>;

/**
 * What a node's behaviour sees of Node-RED. Everything it hands out is guarded: an exception, a rejected promise or an
 * emitter's error ends as a red status and a line in the log of this one node, and the context closes it all.
 */
export class NodeContext<N extends NodeSchema = NodeSchema> {
  readonly id: string;
  readonly type: string;
  /** The name the user gave, or the node's label. */
  readonly name: string;
  #closers: Work[] = [];
  #closed = false;
  /** Set when closing has begun; settles when it has ended. */
  closing: Promise<void> | undefined;

  constructor(
    private readonly red: Red,
    private readonly node: RedNode,
    private readonly schema: N,
    readonly config: ConfigOf<N>,
    readonly status: Status,
    readonly metrics: Metrics,
    private readonly storedFields: readonly string[] = [],
  ) {
    this.id = node.id;
    this.type = node.type;
    this.name = node.name || schema.label;
  }

  /** What the user entered as credentials; empty ones are missing. Never log or send them. */
  get credentials(): CredentialsOf<N> {
    const entered = Object.entries(this.node.credentials ?? {}).filter(
      ([, value]) => value !== "" && value !== undefined,
    );
    return Object.fromEntries(entered) as CredentialsOf<N>;
  }

  /** Node-RED's user directory, where files with relative names go; the working directory when it has none. */
  get userDir(): string {
    return this.red.settings.userDir ?? process.cwd();
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Node-RED itself, for the kit's own parts such as flow control. */
  get runtime(): Red {
    return this.red;
  }

  /**
   * The service of the config node that a link field names.
   * @throws ConfigError when none is chosen, it was deleted, or it does not work
   */
  use<T>(field: keyof ConfigOf<N> & string): T {
    const service = this.useIf<T>(field);
    if (service === undefined) throw new ConfigError(`${this.#labelOf(field)}: none is chosen`);
    return service;
  }

  /** The same for an optional link: undefined when none is chosen. */
  useIf<T>(field: keyof ConfigOf<N> & string): T | undefined {
    const id = (this.config as Record<string, unknown>)[field];
    if (typeof id !== "string" || id === "") return undefined;
    const linked = this.red.nodes.getNode(id) as ServiceNode | null;
    if (!linked) throw new ConfigError(`${this.#labelOf(field)}: the chosen config node is missing or disabled`);
    const service = linked[SERVICE];
    if (service === undefined) {
      throw new ConfigError(`${this.#labelOf(field)}: ${linked[PROBLEM] ?? `a ${linked.type} cannot be used here`}`);
    }
    this.#usesServiceOf(linked);
    return service as T;
  }

  #usesServiceOf(linked: ServiceNode): void {
    linked[USERS] ??= new Set();
    linked[USERS].add(this as unknown as NodeContext);
    this.onClose(() => void linked[USERS]?.delete(this as unknown as NodeContext));
  }

  #labelOf(field: string): string {
    return this.schema.config[field]?.label ?? field;
  }

  log(message: string): void {
    this.node.log(message);
  }

  warn(message: string): void {
    this.node.warn(message);
  }

  debug(message: string): void {
    this.node.debug(message);
  }

  /**
   * Reports an error that belongs to no message being processed: red status, log, counted. With `msg` it can be caught
   * by a catch node. The node goes on.
   */
  fail(error: unknown, msg?: NodeMessage): void {
    const problem = error instanceof Error ? error : new Error(String(error));
    this.metrics.errors += 1;
    this.status.error(problem.message);
    this.node.error(problem.message, msg ?? {});
  }

  /** Sends what a source node has to say; a batch becomes a new message with `properties` beside the payload. */
  emit(outputs: Outputs, properties: Readonly<Record<string, unknown>> = {}): void {
    if (this.#closed) return;
    const outgoing = toMessages(outputs, { ...properties });
    this.metrics.out += outgoing.readings;
    if (outgoing.messages) this.node.send(outgoing.messages);
  }

  /** Wraps a callback so that whatever it throws or rejects with is reported, and nothing runs after close. */
  guard<A extends unknown[]>(work: (...args: A) => unknown): (...args: A) => void {
    return (...args) => {
      if (this.#closed) return;
      try {
        const result = work(...args);
        if (result instanceof Promise) result.catch((error) => this.#failIfOpen(error));
      } catch (error) {
        this.fail(error);
      }
    };
  }

  #failIfOpen(error: unknown): void {
    if (!this.#closed) this.fail(error);
  }

  /** Calls `work` every `ms` until close; returns a function that stops it. */
  every(ms: number, work: Work): () => void {
    const timer = setInterval(this.guard(work), ms);
    timer.unref();
    const stop = (): void => clearInterval(timer);
    this.onClose(stop);
    return stop;
  }

  /** Calls `work` once after `ms`, unless the node closes first; returns a function that cancels it. */
  after(ms: number, work: Work): () => void {
    // Forgotten when it fires and when it is cancelled: who sets a timer a second must not fill the memory in a year.
    const cancel = (): void => {
      clearTimeout(timer);
      this.#closers = this.#closers.filter((closer) => closer !== cancel);
    };
    const timer = setTimeout(
      this.guard(() => {
        cancel();
        return work();
      }),
      ms,
    );
    timer.unref();
    this.onClose(cancel);
    return cancel;
  }

  /** Listens until close. An emitter's "error" event is reported even when nobody listens for it. */
  listen(emitter: EventEmitter, event: string, handler: (...args: never[]) => unknown): void {
    const guarded = this.guard(handler as (...args: unknown[]) => unknown);
    emitter.on(event, guarded);
    this.onClose(() => void emitter.off(event, guarded));
    if (event === "error") return;
    const onError = (error: unknown): void => this.#failIfOpen(error);
    emitter.on("error", onError);
    this.onClose(() => void emitter.off("error", onError));
  }

  /** Runs at close, the latest first. */
  onClose(work: Work): void {
    this.#closers.push(work);
  }

  /**
   * One state per series, bounded. When the node has a link to a store and it is set, states are saved there from
   * time to time and at close, and continue after a redeploy or restart as long as the configuration makes the same of readings.
   */
  perSeries<T extends object>(create: (key: string) => T, options: PerSeriesOptions = {}): PerSeries<T> {
    const problems = new Once(MOST_WARNINGS);
    const warnOnce = (message: string): void => {
      if (problems.isNews(message)) this.warn(message);
    };
    const saved = this.#savedStates();
    const { kept = "series" } = options;
    const series = new PerSeries<T>(create, saved, warnOnce, {
      ...options,
      onEvict: (key) => {
        this.metrics.count(`${kept} forgotten`);
        options.onEvict?.(key);
      },
      onNoRoom: () => {
        this.metrics.count("readings without room");
        warnOnce(
          `all the ${kept} are in use that there is room for (${options.cap ?? DEFAULT_SERIES_CAP}): others are left out until one has been silent for a day`,
        );
        options.onNoRoom?.();
      },
    });
    if (saved) {
      this.#saveAgain(series, SHORTEST_PAUSE_MS);
      this.onClose(() => {
        series.saveNow();
        saved.close?.();
      });
    }
    return series;
  }

  #saveAgain(series: Pick<PerSeries<object>, "save">, pause: number): void {
    this.after(pause, async () => this.#saveAgain(series, pauseAfter(await series.save())));
  }

  #savedStates(): SeriesStates | undefined {
    const store = this.#linkedStore();
    if (!store) return undefined;
    const config = this.config as Readonly<Record<string, unknown>>;
    const former = formerFingerprintsOf(this.schema, config, this.storedFields);
    const saved = store.seriesStates(this.id, fingerprintOf(this.schema, config), former);
    if (saved.dropped) this.#tellDropped(saved.dropped);
    return saved;
  }

  #tellDropped(series: number): void {
    this.metrics.count("states given up", series);
    this.warn(
      `${countOf(series, "state")} of before could not be kept, because options that shape them were changed: what was learned starts afresh`,
    );
    this.status.remark("learns afresh: options changed");
  }

  #linkedStore(): StoreService | undefined {
    const field = Object.entries(this.schema.config).find(([, spec]) => spec.to === "gatewise-store")?.[0];
    return field === undefined ? undefined : this.useIf<StoreService>(field as keyof ConfigOf<N> & string);
  }

  /** Closes everything, each guarded, the latest first. Called by the kit. */
  async close(): Promise<void> {
    for (const closer of this.#closers.reverse()) {
      try {
        await closer();
      } catch (error) {
        this.node.warn(`close: ${error instanceof Error ? error.message : error}`);
      }
    }
    this.#closed = true;
    this.#closers = [];
    this.status.close();
  }
}

/** How long to wait after so many characters of states were written, ms. */
function pauseAfter(characters: number): number {
  return Math.min(Math.max((1000 * characters) / CHARACTERS_A_SECOND, SHORTEST_PAUSE_MS), LONGEST_PAUSE_MS);
}
