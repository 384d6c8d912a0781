import type { ActuatorValue } from "../drivers/core";
import { type Change, OutputGuard } from "./guard";
import type { OutputRules } from "./rules";
import { outputValue } from "./value";

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 10_000;
/** What timers can hold. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** What became of a request. */
export type Outcome =
  | { readonly kind: "set"; readonly change: Change }
  /** It will be set at that time, unless another request comes first. */
  | { readonly kind: "held"; readonly until: number }
  /** Another request came first, or the output had to go safe. */
  | { readonly kind: "replaced" };

export interface ControlWiring {
  /**
   * Sets the part. Called once at a time, but for a value that makes it safe, which does not wait for what is under way: the
   * part must end with the value that came last. A RangeError says that the part will never take the value.
   */
  set(value: ActuatorValue): Promise<void>;
  /** Ms of a clock that does not go backwards. */
  now(): number;
  /** Calls back once after so many ms. Returns what undoes it. */
  after(ms: number, work: () => Promise<void>): () => void;
  /** The part has been set. */
  changed(change: Change): void;
  /** The part could not be set; it is tried again after so many ms, Infinity being never. */
  failed(error: unknown, change: Change, retryMs: number): void;
}

interface Failure {
  readonly change: Change;
  readonly error: unknown;
  readonly retryAt: number;
  readonly waited: number;
}

/** One output under its rules: sets it, tries again what failed, and makes it safe by itself. */
export class OutputControl {
  readonly #guard: OutputGuard;
  #isSetting = false;
  /** What is under way, and how to stop waiting for it. */
  #underWay: { readonly change: Change; readonly overtake: () => void } | undefined;
  #isClosed = false;
  #cancelTimer: (() => void) | undefined;
  #failure: Failure | undefined;
  #pump: Promise<void> = Promise.resolve();
  readonly #done = new WeakSet<Change>();
  readonly #refused = new WeakMap<Change, RangeError>();

  constructor(
    private readonly rules: OutputRules,
    private readonly wiring: ControlWiring,
  ) {
    this.#guard = new OutputGuard(rules, wiring.now());
  }

  /** The value that the part has, if that is known. */
  get value(): ActuatorValue | undefined {
    return this.#guard.value;
  }

  /** Sets the safe value; resolves after the first attempt, whose failure is reported as any other. */
  async start(): Promise<void> {
    await this.#run();
  }

  /**
   * Asks for a value.
   * @throws RangeError for a value that the output does not take
   * @throws LockedOff after the longest on time
   * @throws what setting the part failed with; it is tried again all the same, unless it is a RangeError
   */
  async request(given: unknown): Promise<Outcome> {
    const value = outputValue(this.rules.output, given);
    const change = this.#guard.request(value, this.wiring.now());
    this.#failure = undefined;
    await this.#run();
    if (this.#done.has(change)) return { kind: "set", change };
    const refusal = this.#refused.get(change);
    if (refusal) throw refusal;
    const until = this.#guard.heldUntil(change);
    if (until === undefined) return { kind: "replaced" };
    const failure = this.#failureNow();
    if (failure) throw failure.error;
    return { kind: "held", until };
  }

  /** Sets the safe value, once more if it fails. Nothing is set by itself afterwards. @throws what it failed with */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#guard.close();
    this.#overtakeIfUrgent();
    for (let attempt = 0; attempt < 2; attempt++) {
      this.#failure = undefined;
      await this.#run();
      if (!this.#failureNow()) return;
    }
    throw this.#failureNow()?.error;
  }

  /** As a method, because the compiler does not see that other methods change the property. */
  #failureNow(): Failure | undefined {
    return this.#failure;
  }

  /** Sets what is due. Resolves when nothing is due any more, or what is due has failed. */
  #run(): Promise<void> {
    if (!this.#isSetting) this.#pump = this.#setAllDue();
    return this.#pump;
  }

  async #setAllDue(): Promise<void> {
    this.#isSetting = true;
    this.#cancelTimer?.();
    try {
      for (let change = this.#next(); change; change = this.#next()) await this.#set(change);
    } finally {
      this.#isSetting = false;
      this.#schedule();
    }
  }

  /** What is due, unless it has just failed and its time has not come. */
  #next(): Change | undefined {
    const now = this.wiring.now();
    const change = this.#guard.next(now);
    const failed = this.#failure;
    return failed && failed.change === change && now < failed.retryAt ? undefined : change;
  }

  async #set(change: Change): Promise<void> {
    const { wiring } = this;
    this.#guard.begun(change, wiring.now());
    try {
      const isOvertaken = await this.#setOrOvertaken(change);
      if (isOvertaken) {
        this.#guard.failed(change, wiring.now());
        return;
      }
    } catch (error) {
      this.#guard.failed(change, wiring.now());
      wiring.failed(error, change, this.#retryAfter(error, change));
      return;
    }
    this.#failure = undefined;
    this.#done.add(change);
    this.#guard.done(change, wiring.now());
    wiring.changed(change);
  }

  /** True when the output had to go safe before it was set; what becomes of the setting does not matter then. */
  async #setOrOvertaken(change: Change): Promise<boolean> {
    const overtaken = Promise.withResolvers<true>();
    this.#underWay = { change, overtake: () => overtaken.resolve(true) };
    const setting = this.wiring.set(change.value).then(() => false);
    this.#watchUnderWay();
    try {
      return await Promise.race([setting, overtaken.promise]);
    } finally {
      this.#underWay = undefined;
      this.#cancelTimer?.();
    }
  }

  /** Looks again when something may have become due. */
  #watchUnderWay(): void {
    if (this.#isClosed || !this.#underWay) return;
    this.#wakeAt(this.#guard.dueAt(this.wiring.now()), async () => {
      this.#overtakeIfUrgent();
      this.#watchUnderWay();
    });
  }

  #overtakeIfUrgent(): void {
    const next = this.#guard.next(this.wiring.now());
    const underWay = this.#underWay;
    if (next && underWay && next.cause !== "set" && next.value !== underWay.change.value) underWay.overtake();
  }

  /** In how many ms it is tried again; Infinity for a request that the part will never take. */
  #retryAfter(error: unknown, change: Change): number {
    if (error instanceof RangeError && change.cause === "set") {
      this.#guard.drop(change);
      this.#refused.set(change, error);
      this.#failure = undefined;
      return Number.POSITIVE_INFINITY;
    }
    const before = this.#failure?.change === change ? this.#failure.waited : 0;
    const waited = Math.min(LONGEST_RETRY_MS, before * 2 || FIRST_RETRY_MS);
    this.#failure = { change, error, retryAt: this.wiring.now() + waited, waited };
    return waited;
  }

  #schedule(): void {
    if (this.#isClosed) return;
    const now = this.wiring.now();
    const pending = this.#guard.next(now);
    // What has failed but is not to be set any more must not wake anybody.
    if (this.#failure && this.#failure.change !== pending) this.#failure = undefined;
    const retryAt = pending ? (this.#failure?.retryAt ?? now) : Number.POSITIVE_INFINITY;
    this.#wakeAt(Math.min(retryAt, this.#guard.dueAt(now)), () => this.#run());
  }

  #wakeAt(at: number, work: () => Promise<void>): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (at === Number.POSITIVE_INFINITY) return;
    const delay = Math.min(LONGEST_TIMER_MS, Math.max(0, at - this.wiring.now()));
    this.#cancelTimer = this.wiring.after(delay, work);
  }
}
