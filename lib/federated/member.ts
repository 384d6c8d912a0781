import { isDeepStrictEqual } from "node:util";
import { integerWithin } from "../numeric";
import { hashText } from "../simulation/random";
import { type Announcement, decodeAnnouncement, fingerprintOf, type Plan, shapeOf, type Update } from "./messages";
import { Network, sigmoid } from "./network";
import type { RowBuffer } from "./row-buffer";
import { momentsOf, scaled, standardised } from "./scale";
import type { Trained, TrainingTask } from "./training";
import { ClientUnits } from "./units";

export interface MemberOptions {
  readonly client: string;
  /** By name: see by-name.ts. */
  readonly inputs: readonly string[];
  readonly target: string;
  /** Does not take part before it has so many rows. */
  readonly minRows: number;
  /** Of the rows; nothing is known of them when missing. */
  readonly units?: ClientUnits;
}

/** Trains, preferably not on the event loop. */
export type Trainer = (task: TrainingTask) => Promise<Trained>;

/** One client of the federation without its network: hears announcements, trains on its rows, and predicts with the shared model. */
export class Member {
  #heard: Announcement | undefined;
  /** Session, round and attempt of the announcement that was answered last. */
  #answered = "";
  /** The last answer, to be sent again when the server has not got it. */
  #last: Update | undefined;
  #busy = false;
  #network: Network | undefined;
  readonly #units: ClientUnits;

  constructor(
    private readonly options: MemberOptions,
    private readonly rows: RowBuffer,
    private readonly train: Trainer,
  ) {
    integerWithin("minRows", options.minRows, 1, 10_000_000);
    this.#units = options.units ?? new ClientUnits([...options.inputs, options.target]);
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

  /** Answers the open announcement, if there is one to answer, rows are enough and of the right units, and no other answer is under way. */
  async answer(): Promise<Update | undefined> {
    const asked = this.#heard;
    if (!asked || asked.task === "done" || this.#busy || this.hasAnswered) return undefined;
    if (this.rows.size < this.options.minRows || this.#units.problem !== undefined) return undefined;
    this.#busy = true;
    // Also when it fails: the same rows would fail again.
    this.#answered = nameOf(asked);
    try {
      if (!this.#last || !this.#isFor(this.#last, asked)) this.#last = await this.#made(asked);
      return this.#last;
    } finally {
      this.#busy = false;
    }
  }

  /** To be called when an answer did not reach the broker: `answer` gives it again. */
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

  #made(asked: Announcement): Promise<Update> | Update {
    return asked.task === "measure" ? this.#measured(asked) : this.#trained(asked);
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

  #reply(
    { session, round }: Announcement,
    base: string,
  ): Pick<Update, "session" | "round" | "client" | "base" | "units"> {
    return { session, round, client: this.options.client, base, units: this.#units.own };
  }

  #isFor({ session, round, units }: Update, asked: Announcement): boolean {
    return session === asked.session && round === asked.round && isDeepStrictEqual(units, this.#units.own);
  }
}

function nameOf({ session, round, task, attempt }: Announcement): string {
  return `${session}/${round}/${task}/${attempt}`;
}
