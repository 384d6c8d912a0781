import { FrameError } from "../../../lib/federated/frame";
import { Member } from "../../../lib/federated/member";
import { decodeVerdict, encodeUpdate } from "../../../lib/federated/messages";
import { type BlockStore, RowBuffer } from "../../../lib/federated/row-buffer";
import { type GroupTopics, topicsOf } from "../../../lib/federated/topics";
import { workerTrainer } from "../../../lib/federated/trainer";
import { ClientUnits } from "../../../lib/federated/units";
import { Complaints } from "../../../lib/mqtt/complaints";
import type { BrokerService, IncomingMessage, Publisher, Subscriber } from "../../../lib/mqtt/contract";
import { type StateText, stateText } from "../../../lib/mqtt/state-text";
import type { Reading } from "../../../lib/reading";
import type { ExpectedUnit, Row, RowWatch } from "../../../lib/rows";
import type { StoreService } from "../../../lib/store/contract";
import { countOf } from "../../../lib/text/plural";
import type { ClientContext } from "./federated-client";

const SECOND_MS = 1000;
/** A broker that does not take an update is asked again after so long. */
const RETRY_MS = 5000;

interface ClientParts {
  readonly name: string;
  readonly broker: BrokerService;
  readonly store: StoreService | undefined;
  readonly inputs: readonly string[];
  readonly target: string;
  /** What is wrong with the rows. */
  readonly watch: Pick<RowWatch, "problem">;
  /** The federation has other units than were expected: nothing that waits to become a row is of use. */
  readonly onOtherUnits: () => void;
}

export function openClient(context: ClientContext, parts: ClientParts): FederatedClient {
  const { config } = context;
  const columns = parts.inputs.length + 1;
  const saved = parts.store?.seriesStates(`${context.id}/rows`, JSON.stringify([parts.inputs, parts.target]));
  if (saved?.dropped) context.warn("the rows kept of other sensors cannot be used: rows are collected afresh");
  const buffer = bufferOf(columns, config.maxRows, saved, (problem) => context.warn(problem));
  return new FederatedClient(context, parts, buffer, new ClientUnits([...parts.inputs, parts.target], saved));
}

/** Rows that cannot be read back are no reason not to train on new ones. */
function bufferOf(
  columns: number,
  capacity: number,
  saved: (BlockStore & { clear(): void }) | undefined,
  onProblem: (problem: string) => void,
): RowBuffer {
  try {
    return new RowBuffer(columns, capacity, saved);
  } catch (error) {
    onProblem(`the saved rows cannot be used: ${error instanceof Error ? error.message : error}`);
    saved?.clear();
    return new RowBuffer(columns, capacity, saved);
  }
}

/** Joins a member of a federation to a broker: hears rounds, sends updates, and predicts with the shared model. */
export class FederatedClient {
  readonly #topics: GroupTopics;
  readonly #member: Member;
  readonly #publisher: Publisher;
  readonly #subscriber: Subscriber;
  readonly #complaints: Complaints;
  readonly #ending = new AbortController();
  /** Why it cannot take part in what the server asks for, or what became of its last update. */
  #problem = "";
  #retryAt = 0;

  constructor(
    private readonly context: ClientContext,
    private readonly parts: ClientParts,
    private readonly rows: RowBuffer,
    private readonly units: ClientUnits,
  ) {
    const { config } = context;
    const { name, inputs, target, broker } = parts;
    this.#topics = topicsOf(config.group);
    this.#complaints = new Complaints((error, msg) => context.fail(error, msg));
    const { minRows } = config;
    const trainer = workerTrainer(this.#ending.signal);
    this.#member = new Member({ client: name, inputs, target, minRows, units }, rows, trainer);
    this.#publisher = broker.publisher({ consumer: context.id });
    this.#subscriber = broker.subscribe({
      consumer: context.id,
      filters: [
        { filter: this.#topics.round, qos: 1 },
        { filter: this.#topics.verdictsFor(name), qos: 0 },
      ],
      onMessage: (message) => this.#take(message),
      onRepeated: (ticket) => this.#subscriber.acknowledge(ticket),
      onState: context.guard(() => this.#show()),
    });
    context.every(SECOND_MS, () => {
      this.#complaints.tick();
      this.answer();
      this.#show();
    });
    this.#show();
  }

  /** @param values a row of inputs and target */
  learn(values: Float64Array): void {
    if (this.rows.add(values)) this.context.metrics.count("rows");
  }

  /** Adds the shared model's value for a row of inputs to the readings that go out. */
  predict(row: Row, last: Reading, out: Reading[]): void {
    const { heard } = this.#member;
    const value = heard && this.#member.predict(row.values);
    if (value === undefined) return;
    out.push({
      deviceId: row.deviceId,
      sensor: `${this.parts.target}.predicted`,
      value,
      unit: (heard?.plan.kind === "yesNo" ? undefined : this.units.expected(this.parts.target)?.unit) ?? "1",
      timestamp: row.timestamp,
      quality: "good",
      ...(last.historical ? { historical: true as const } : {}),
      prediction: { model: `${this.context.config.group} ${heard?.round}`, value },
    });
  }

  expectedUnit(sensor: string): ExpectedUnit | undefined {
    return this.units.expected(sensor);
  }

  /** To be told the unit of each reading before it becomes part of a row. */
  noteUnit({ sensor, unit }: Reading): void {
    const before = this.units.note(sensor, unit);
    if (before === undefined || this.rows.size === 0) return;
    const count = countOf(this.rows.size, "row");
    this.context.warn(`${count} forgotten: ${sensor} was in ${before}, and is in ${unit} in the federation`);
    this.rows.clear();
  }

  forget(): void {
    this.rows.clear();
    this.units.clear();
    this.#show();
  }

  /** Trains if there is something to train for; returns at once. */
  answer(): void {
    if (Date.now() < this.#retryAt) return;
    this.context.guard(() => this.#answer())();
  }

  async close(): Promise<void> {
    this.#ending.abort(new Error("the node is closing"));
    this.rows.flush();
    await Promise.all([this.#subscriber.close(), this.#publisher.close()]);
  }

  async #answer(): Promise<void> {
    const answering = this.#member.answer();
    this.#show();
    const update = await answering.catch((error: unknown) => {
      if (this.#ending.signal.aborted) return undefined;
      throw error;
    });
    if (!update) return;
    this.#problem = "";
    const bytes = encodeUpdate(update);
    try {
      await this.#publisher.publish(this.#topics.updatesOf(this.parts.name), bytes, { qos: 1, retain: false });
      this.context.metrics.count("updates");
    } catch (error) {
      if (this.#ending.signal.aborted) return;
      this.#member.forgetAnswer();
      this.#retryAt = Date.now() + RETRY_MS;
      throw error;
    } finally {
      this.#show();
    }
  }

  #take(message: IncomingMessage): void {
    this.context.metrics.messages += 1;
    try {
      if (message.topic === this.#topics.round) this.#hear(message.payload);
      else this.#hearVerdict(message.payload);
    } catch (error) {
      this.#problem = error instanceof Error ? error.message : String(error);
      if (error instanceof FrameError) this.context.metrics.count("refused");
      if (error instanceof RangeError) this.context.metrics.count("rounds of other sensors");
      this.#complaints.about(message, this.#problem);
    }
    this.#subscriber.acknowledge(message.ticket);
  }

  #hear(payload: Buffer): void {
    // Whoever may publish to the topic may also clear it.
    if (payload.length === 0) return;
    const { units } = this.#member.hear(payload);
    if (this.units.hear(units)) this.parts.onOtherUnits();
    this.#problem = "";
    this.context.metrics.count("rounds");
    this.answer();
  }

  #hearVerdict(payload: Buffer): void {
    const { kind, reason } = decodeVerdict(payload);
    this.context.metrics.count(`updates ${kind}`);
    // Who is late finds the next round announced: nothing is wrong with that.
    if (kind === "refused") throw new Error(`the server refused the update: ${reason ?? "no reason given"}`);
  }

  #show(): void {
    const { level, text } = stateText(this.#subscriber.state, Date.now(), () => this.#told());
    this.context.status[level](text);
  }

  /** How far it is; yellow while rows do not come as they should. */
  #told(): StateText {
    const progress = this.#progress();
    const { problem } = this.parts.watch;
    return problem === undefined ? progress : { level: "warn", text: `${progress.text}; ${problem}` };
  }

  #progress(): StateText {
    const { heard, isBusy, hasAnswered } = this.#member;
    const rows = countOf(this.rows.size, "row");
    if (this.#problem !== "") return { level: "warn", text: this.#problem };
    const otherUnit = this.units.problem;
    if (otherUnit !== undefined) return { level: "warn", text: `${rows} of no use: ${otherUnit}` };
    if (!heard) return { level: "idle", text: `${rows}, no server heard yet` };
    if (heard.task === "done") return { level: "ok", text: `model of round ${heard.round}, ${rows}` };
    const round = heard.task === "measure" ? "measuring" : `round ${heard.round}`;
    if (isBusy) return { level: "busy", text: `${round}: training on ${rows}` };
    if (hasAnswered) return { level: "ok", text: `${round}: update sent, ${rows}` };
    const { minRows } = this.context.config;
    return { level: "busy", text: `${round}: waits for rows, ${this.rows.size} of ${minRows}` };
  }
}
