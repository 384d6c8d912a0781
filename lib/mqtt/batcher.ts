import type { Reading } from "../reading";
import type { Subscriber } from "./contract";

export interface BatcherOptions {
  /** A batch is handed over this long after its first reading, ms. */
  readonly maxWaitMs: number;
  /** A batch of this many readings is handed over at once. */
  readonly maxReadings: number;
  /** Batches that may be in the flow at once; beyond it the source is paused. */
  readonly maxInFlow: number;
  /** When a message is acknowledged: with its batch in the flow, or when the flow has done with it. */
  readonly acknowledge: "handed over" | "completed";
  readonly source: Pick<Subscriber, "acknowledge" | "pause" | "resume">;
  /** Hands a batch to the flow, which calls `completed` once it has done with it, at the latest after its time limit. */
  readonly handOver: (batch: readonly Reading[], completed: () => void) => void;
  readonly after: (ms: number, work: () => void) => () => void;
  /** Calls back once the event loop has looked for more input. */
  readonly nextTurn: (work: () => void) => void;
}

/**
 * Unacknowledged messages from which on a pause in the stream may mean that the broker waits for us: below the windows
 * that brokers have by default (mosquitto 20, EMQX 32, HiveMQ 10).
 */
const SMALLEST_WINDOW = 10;

interface InFlow {
  readonly ticket: number;
  completed: boolean;
}

/**
 * Collects readings into batches and keeps the flow from being flooded: at most `maxInFlow` batches are under way, at most
 * one more is collected, and then the source is paused, so that memory is bounded and the broker holds the rest.
 * Messages are acknowledged in their order, each only after all before it.
 */
export class Batcher {
  #pending: Reading[] = [];
  /** The latest message that is taken care of once `#pending` is handed over; 0 when there is none. */
  #ticket = 0;
  #toAcknowledge = 0;
  #inFlow: InFlow[] = [];
  #underWay = 0;
  #due = false;
  #paused = false;
  #watching = false;
  #arrivals = 0;
  #cancelTimer: (() => void) | undefined;

  constructor(private readonly options: BatcherOptions) {}

  /** Batches in the flow. */
  get underWay(): number {
    return this.#underWay;
  }

  /** True while the flow keeps the source waiting. */
  get heldBack(): boolean {
    return this.#paused;
  }

  /**
   * Adds what one message brought. `readings` may be empty: a message that was refused is acknowledged in its turn too, or
   * the broker would send it for ever.
   */
  add(readings: readonly Reading[], ticket: number, wantsAcknowledgement: boolean): void {
    const pending = this.#pending;
    for (let index = 0; index < readings.length; index += 1) pending.push(readings[index] as Reading);
    this.#ticket = ticket;
    this.#arrivals += 1;
    if (pending.length >= this.options.maxReadings) {
      this.#due = true;
      this.#flush();
      return;
    }
    if (wantsAcknowledgement) this.#expectAcknowledgement();
    if (!this.#cancelTimer && (pending.length > 0 || wantsAcknowledgement)) this.#startTimer();
  }

  /**
   * Forgets the batches under way: they are not acknowledged, and what the flow says of them later does not count. The
   * caller sees to it that their messages come again.
   */
  abandon(): void {
    for (const entry of this.#inFlow) entry.completed = true;
    this.#inFlow = [];
    this.#underWay = 0;
    this.#goOn();
  }

  /** Hands over what is collected, whatever is under way: for the close of the node. */
  drain(): void {
    this.#stopTimer();
    if (this.#ticket > 0) this.#handOver();
  }

  #startTimer(): void {
    this.#cancelTimer = this.options.after(this.options.maxWaitMs, () => {
      this.#cancelTimer = undefined;
      this.#due = true;
      this.#flush();
    });
  }

  #stopTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  /** Waiting for more would be in vain when the broker waits for our acknowledgement: then a turn passes without a message. */
  #expectAcknowledgement(): void {
    this.#toAcknowledge += 1;
    if (this.#watching || this.#toAcknowledge < SMALLEST_WINDOW) return;
    this.#watching = true;
    this.#watch(this.#arrivals);
  }

  #watch(arrivals: number): void {
    this.options.nextTurn(() => {
      if (this.#toAcknowledge < SMALLEST_WINDOW) {
        this.#watching = false;
      } else if (arrivals === this.#arrivals) {
        this.#watching = false;
        this.#due = true;
        this.#flush();
      } else {
        this.#watch(this.#arrivals);
      }
    });
  }

  #flush(): void {
    if (this.#underWay < this.options.maxInFlow) this.#handOver();
    else if (!this.#paused && this.#pending.length >= this.options.maxReadings) {
      this.#paused = true;
      this.options.source.pause();
    }
  }

  #handOver(): void {
    const batch = this.#pending;
    const entry: InFlow = { ticket: this.#ticket, completed: false };
    this.#stopTimer();
    this.#pending = [];
    this.#ticket = 0;
    this.#toAcknowledge = 0;
    this.#due = false;
    this.#inFlow.push(entry);
    this.#underWay += 1;
    if (batch.length > 0) this.options.handOver(batch, () => this.#completed(entry));
    else this.#completed(entry);
    if (this.options.acknowledge === "handed over") this.options.source.acknowledge(entry.ticket);
  }

  #completed(entry: InFlow): void {
    if (entry.completed) return;
    entry.completed = true;
    this.#underWay -= 1;
    let ticket = 0;
    while (this.#inFlow[0]?.completed) ticket = (this.#inFlow.shift() as InFlow).ticket;
    if (ticket > 0 && this.options.acknowledge === "completed") this.options.source.acknowledge(ticket);
    this.#goOn();
  }

  /** There is room in the flow. */
  #goOn(): void {
    if (this.#due) this.#flush();
    if (this.#paused && this.#pending.length < this.options.maxReadings) {
      this.#paused = false;
      this.options.source.resume();
    }
  }
}
