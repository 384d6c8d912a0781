import { type PortOutput, ports } from "../../../kit";
import type { NodeMessage } from "../../../kit/red";
import type { Coordinator, Intake } from "../../../lib/federated/coordinator";
import { encodeAnnouncement, encodeVerdict } from "../../../lib/federated/messages";
import { modelToImport } from "../../../lib/federated/model-file";
import type { RoundReport } from "../../../lib/federated/report";
import { type GroupTopics, topicsOf } from "../../../lib/federated/topics";
import { Complaints } from "../../../lib/mqtt/complaints";
import type {
  BrokerService,
  ConnectionState,
  IncomingMessage,
  Publisher,
  Subscriber,
} from "../../../lib/mqtt/contract";
import { type StateText, stateText } from "../../../lib/mqtt/state-text";
import type { Reading } from "../../../lib/reading";
import { countOf } from "../../../lib/text/plural";
import type { ServerContext } from "./federated-server";

const TICK_MS = 250;
const SECOND_MS = 1000;

/** Joins a coordinator to a broker: announces its rounds, hands it updates, tells clients what became of them. */
export class FederatedServer {
  readonly #topics: GroupTopics;
  readonly #publisher: Publisher;
  readonly #subscriber: Subscriber;
  readonly #complaints: Complaints;
  /** Names the announcement that lies in the broker now. */
  #announced = "";
  #problem = "";

  constructor(
    private readonly context: ServerContext,
    broker: BrokerService,
    private readonly coordinator: Coordinator,
  ) {
    this.#topics = topicsOf(context.config.group);
    this.#complaints = new Complaints((error, msg) => context.fail(error, msg));
    this.#publisher = broker.publisher({
      consumer: context.id,
      onState: context.guard((state: ConnectionState) => this.#onState(state)),
    });
    this.#subscriber = broker.subscribe({
      consumer: context.id,
      filters: [{ filter: this.#topics.allUpdates, qos: 1 }],
      onMessage: (message) => this.#take(message),
      onRepeated: (ticket) => this.#subscriber.acknowledge(ticket),
      onState: context.guard(() => this.#show()),
    });
    context.every(TICK_MS, () => this.#tick());
    context.every(SECOND_MS, () => this.#complaints.tick());
    this.#tick();
  }

  /** Sends the model as it stands, as the command that a predict node imports it by. */
  giveModel(): undefined {
    this.context.emit(ports(null, this.#model()));
    return undefined;
  }

  closeRound(): undefined {
    this.#tell(this.coordinator.closeNow());
    this.#tick();
    return undefined;
  }

  reset(): undefined {
    this.coordinator.reset();
    this.#tick();
    return undefined;
  }

  async close(): Promise<void> {
    await Promise.all([this.#subscriber.close(), this.#publisher.close()]);
  }

  #model(): NodeMessage {
    const { plan } = this.coordinator;
    const { group } = this.context.config;
    const { scale, parameters, round, session, units } = this.coordinator.state;
    if (!scale) throw new Error("there is no model yet: the clients' ranges are still being measured");
    const version = `${session.slice(0, 8)}.${round}`;
    return {
      topic: group,
      command: "import",
      payload: modelToImport(group, version, { plan, scale, parameters, units }),
    };
  }

  #onState(state: ConnectionState): void {
    // A broker that keeps retained messages in memory has lost ours when it was restarted.
    if (state.kind === "connected") this.#announced = "";
    this.#show();
  }

  #tick(): void {
    try {
      this.#tell(this.coordinator.tick());
      this.#announce();
    } catch (error) {
      this.#report(error);
    }
    this.#show();
  }

  /** What is tried again with every tick is told once. */
  #report(error: unknown): void {
    const problem = error instanceof Error ? error.message : String(error);
    if (problem !== this.#problem) this.context.fail(error);
    this.#problem = problem;
  }

  #announce(): void {
    const { announcement } = this.coordinator;
    if (!announcement || this.#publisher.state.kind !== "connected") return;
    const { session, round, task, deadline, units } = announcement;
    const name = `${session}/${round}/${task}/${deadline}/${units.join()}`;
    if (name === this.#announced) return;
    this.#announced = name;
    this.#publisher
      .publish(this.#topics.round, encodeAnnouncement(announcement), { qos: 1, retain: true })
      .then(() => {
        this.#problem = "";
      })
      .catch(
        this.context.guard((error: Error) => {
          this.#announced = "";
          this.#report(error);
        }),
      );
  }

  #take(message: IncomingMessage): void {
    const { metrics } = this.context;
    metrics.messages += 1;
    try {
      const client = this.#topics.clientOf(message.topic);
      const intake = this.coordinator.receive(client, message.payload);
      metrics.count(intake.kind === "accepted" ? "accepted" : intake.kind);
      this.#judge(client, intake, message);
    } catch (error) {
      // The name is none, or the store cannot keep the update: it then does not count.
      metrics.count("refused");
      this.#complaints.about(message, error instanceof Error ? error.message : String(error));
    }
    this.#subscriber.acknowledge(message.ticket);
    this.context.guard(() => this.#tick())();
  }

  #judge(client: string, intake: Intake, message: IncomingMessage): void {
    const { session, round } = this.coordinator.state;
    if (intake.kind === "refused") this.#complaints.about(message, intake.reason);
    const reason = "reason" in intake ? { reason: intake.reason } : {};
    const verdict = encodeVerdict({ session, round, kind: intake.kind, ...reason });
    // Whoever is not told learns of it by the next announcement.
    this.#publisher
      .publish(this.#topics.verdictsFor(client), verdict, { qos: 0, retain: false })
      .catch(() => undefined);
  }

  #tell(report: RoundReport | undefined): void {
    if (!report) return;
    const { config, metrics } = this.context;
    metrics.count("rounds");
    const { parameters: _, ...round } = report;
    if (report.strangers) this.context.fail(new Error(strangersText(report.strangers)));
    const model = report.task === "train" && (config.everyRound || report.finished) ? this.#model() : null;
    const readings: PortOutput = this.#readingsOf(report);
    this.context.emit(ports(readings, model), { topic: config.group, round });
  }

  #readingsOf({ rows, lossBefore, lossAfter, epsilon, clients }: RoundReport): Reading[] {
    const figures = { clients: clients.length, rows, loss: lossBefore, lossAtClients: lossAfter, epsilon };
    const timestamp = Date.now();
    return Object.entries(figures).flatMap(([name, value]) =>
      value === undefined
        ? []
        : [
            {
              deviceId: this.context.config.group,
              sensor: `federated.${name}`,
              value,
              unit: "1",
              timestamp,
              quality: "good",
            },
          ],
    );
  }

  #show(): void {
    const { level, text } = stateText(this.#subscriber.state, Date.now(), () => this.#progress());
    this.context.status[level](text);
  }

  #progress(): StateText {
    const { state, clients, finished, epsilon } = this.coordinator;
    const spent = epsilon === undefined ? "" : `, epsilon ${epsilon.toPrecision(3)}`;
    if (finished === "budget")
      return { level: "warn", text: `privacy budget spent after round ${state.round}${spent}` };
    if (finished) return { level: "ok", text: `ready after ${countOf(state.round, "round")}${spent}` };
    const { rounds, minClients } = this.context.config;
    const of = rounds > 0 ? ` of ${rounds}` : "";
    const name = state.task === "measure" ? "measuring" : `round ${state.round}${of}`;
    const text = `${name}: ${countOf(clients.length, "update")}${spent}`;
    if (state.extended > 0) return { level: "warn", text: `${text}, waits for ${countOf(minClients, "client")}` };
    return { level: "busy", text };
  }
}

function strangersText(clients: readonly string[]): string {
  return `${clients.join(", ")}: mean or spread of their rows is a million times that of the others and was left out; look at their sensors`;
}
