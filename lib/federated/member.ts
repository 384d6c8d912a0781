import { integerWithin } from "../numeric";
import { hashText } from "../simulation/random";
import { type Announcement, decodeAnnouncement, fingerprintOf, type Plan, shapeOf, type Update } from "./messages";
import { Network, sigmoid } from "./network";
import type { RowBuffer } from "./row-buffer";
import { momentsOf, scaled, standardised } from "./scale";
import type { Trained, TrainingTask } from "./training";

export interface MemberOptions {
  readonly client: string;
  /** By name: see `byName`. */
  readonly inputs: readonly string[];
  readonly target: string;
  /** Does not take part before it has so many rows. */
  readonly minRows: number;
}

/** Trains, preferably not on the event loop. */
export type Trainer = (task: TrainingTask) => Promise<Trained>;

/** Sensors in the order that server and clients agree on without a word. */
export function byName(sensors: readonly string[]): readonly string[] {
  return [...sensors].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

/** One client of the federation without its network: hears announcements, trains on its rows, and predicts with the shared model. */
export class Member {
  #heard: Announcement | undefined;
  /** Session and round of the announcement that was answered last. */
  #answered = "";
  #busy = false;
  #network: Network | undefined;

  constructor(
    private readonly options: MemberOptions,
    private readonly rows: RowBuffer,
    private readonly train: Trainer,
  ) {
    integerWithin("minRows", options.minRows, 1, 10_000_000);
  }

  /** What the server asks for now; undefined before it was heard. */
  get heard(): Announcement | undefined {
    return this.#heard;
  }

  get isBusy(): boolean {
    return this.#busy;
  }

  /** True when the open announcement has been answered. */
  get hasAnswered(): boolean {
    return this.#heard !== undefined && this.#answered === nameOf(this.#heard);
  }

  /**
   * Takes what the server asks for.
   * @throws FrameError when it is no announcement, RangeError when it is about other sensors than this client gives
   */
  hear(bytes: Uint8Array): Announcement {
    const announcement = decodeAnnouncement(bytes);
    this.#checkSensors(announcement.plan);
    this.#heard = announcement;
    this.#network = new Network(shapeOf(announcement.plan));
    return announcement;
  }

  /** Answers the open announcement, if there is one to answer, rows are enough, and no other answer is under way. */
  async answer(): Promise<Update | undefined> {
    const asked = this.#heard;
    if (!asked || asked.task === "done" || this.#busy || this.hasAnswered) return undefined;
    if (this.rows.size < this.options.minRows) return undefined;
    this.#busy = true;
    try {
      const update = asked.task === "measure" ? this.#measured(asked) : await this.#trained(asked);
      this.#answered = nameOf(asked);
      return update;
    } catch (error) {
      // The same announcement with the same rows would fail again.
      this.#answered = nameOf(asked);
      throw error;
    } finally {
      this.#busy = false;
    }
  }

  /** To be called when an answer did not reach the broker: it is made again. */
  forgetAnswer(): void {
    this.#answered = "";
  }

  /**
   * The shared model's answer for one row of inputs: the target's value, or the probability of a yes; undefined while there
   * is no trained model.
   */
  predict(inputs: Float64Array): number | undefined {
    const heard = this.#heard;
    if (!heard?.scale || !this.#network || (heard.task === "train" && heard.round <= 1)) return undefined;
    const { scale } = heard;
    const { mean, deviation } = scale;
    const standard = inputs.map((value, i) => scaled(value, scale, i));
    const output = this.#network.outputOf(heard.parameters, standard);
    const last = mean.length - 1;
    return heard.plan.kind === "yesNo"
      ? sigmoid(output)
      : output * (deviation[last] as number) + (mean[last] as number);
  }

  #checkSensors({ inputs, target }: Plan): void {
    const own = [...this.options.inputs, this.options.target].join(", ");
    const asked = [...inputs, target].join(", ");
    if (own === asked) return;
    throw new RangeError(`the server trains on ${asked} (the last is the target), this client gives ${own}`);
  }

  #measured(asked: Announcement): Update {
    const moments = momentsOf(this.rows.rows(), asked.plan.inputs.length + 1);
    return { ...this.#reply(asked, ""), rows: moments.rows, moments, delta: new Float32Array(0) };
  }

  async #trained(asked: Announcement): Promise<Update> {
    const { scale, plan, parameters, training, report } = asked;
    if (!scale) throw new RangeError("scale: expected one in an announcement of training");
    const table = standardised(this.rows.rows(), scale, plan.kind);
    // Each client has an order of rows of its own, and always the same.
    const seed = (training.seed ^ hashText(this.options.client)) >>> 0;
    const trained = await this.train({ shape: shapeOf(plan), parameters, table, training: { ...training, seed } });
    const { before, after, delta } = trained;
    const reply = this.#reply(asked, fingerprintOf(parameters));
    return report ? { ...reply, rows: table.count, before, after, delta } : { ...reply, rows: 1, delta };
  }

  #reply({ session, round }: Announcement, base: string): Pick<Update, "session" | "round" | "client" | "base"> {
    return { session, round, client: this.options.client, base };
  }
}

function nameOf({ session, round, task }: Announcement): string {
  return `${session}/${round}/${task}`;
}
