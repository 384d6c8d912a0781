import { ConfigError, type ConfigOf, defineNode, type NodeContext, ports } from "../../../kit";
import { type FlowOutcome, type FlowWatch, flowControlOf } from "../../../kit/flow-control";
import { type AsyncCodec, type Codec, loadCodec } from "../../../lib/codec";
import { ArrivalJudge } from "../../../lib/mqtt/arrival";
import { Complaints } from "../../../lib/mqtt/complaints";
import type { BrokerService, IncomingMessage, Qos, Subscriber } from "../../../lib/mqtt/contract";
import type { DeviceMessage } from "../../../lib/mqtt/device-message";
import { Intake } from "../../../lib/mqtt/intake";
import { livenessText, stateText } from "../../../lib/mqtt/state-text";
import { MessageReader, type Patterns } from "../../../lib/mqtt/telemetry";
import { compileTopicPattern, sharedFilter, type TopicPattern } from "../../../lib/mqtt/topic-pattern";
import type { Reading } from "../../../lib/reading";
import { schema } from "./schema";

type Config = ConfigOf<typeof schema>;

export default defineNode(schema, (context) => {
  const { config } = context;
  const broker = context.use<BrokerService>("broker");
  const patterns = patternsOf(config);
  const telemetry = new TelemetryIn(context, patterns);
  return {
    async start() {
      telemetry.begin(broker, await codecOf(config));
    },
    close: () => telemetry.close(),
  };
});

/** Wires a subscription, the intake and the flow together. */
class TelemetryIn {
  readonly #arrivals: ArrivalJudge;
  readonly #complaints: Complaints;
  #subscriber: Subscriber | undefined;
  #intake: Intake | undefined;
  #flow: FlowWatch | undefined;
  #closed = false;
  #lastMessage = 0;
  /** What the metrics have been told of the arrivals already. */
  #told = { late: 0, future: 0, duplicate: 0, dropped: 0, repeated: 0, acknowledged: 0 };
  readonly #late = new Set<string>();

  constructor(
    private readonly context: NodeContext<typeof schema>,
    private readonly patterns: Patterns,
  ) {
    const { lateAfter, futureAfter, duplicates } = context.config;
    this.#arrivals = new ArrivalJudge({
      lateAfterMs: lateAfter * 1000,
      futureAfterMs: futureAfter * 1000,
      duplicates: duplicates !== "ignore",
    });
    this.#complaints = new Complaints((error, msg) => context.fail(error, msg));
  }

  begin(broker: BrokerService, codec: Codec | AsyncCodec): void {
    // A redeploy may have been quicker than the codec.
    if (this.#closed) return;
    const { config } = this.context;
    this.#flow = flowControlOf(this.context.runtime).open();
    this.#subscriber = broker.subscribe({
      consumer: this.context.id,
      filters: Object.values(this.patterns).map(({ filter }: TopicPattern) => ({
        filter: sharedFilter(config.shareGroup, filter),
        qos: qosOf(config.qos),
      })),
      onMessage: (message) => this.#take(message),
      onRepeated: (ticket) => this.#intake?.takeRepeated(ticket),
      onState: this.context.guard(() => this.#show()),
    });
    this.#intake = this.#makeIntake(this.#subscriber, codec);
    this.context.every(1000, () => this.#tick());
    this.#show();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#intake?.drain();
    this.#tellMetrics();
    this.#flow?.close();
    await this.#subscriber?.close();
  }

  #makeIntake(source: Subscriber, codec: Codec | AsyncCodec): Intake {
    const { config } = this.context;
    return new Intake({
      source,
      reader: new MessageReader(this.patterns, codec, this.#arrivals),
      dropDuplicates: config.duplicates === "drop",
      maxWaitMs: config.batchTime,
      maxReadings: config.batchSize,
      maxInFlow: config.maxInFlow,
      acknowledge: config.acknowledge === "completed" ? "completed" : "handed over",
      handOver: (batch, completed) => this.#handOver(batch, completed),
      after: (ms, work) => {
        const timer = setTimeout(this.context.guard(work), ms);
        return () => clearTimeout(timer);
      },
      nextTurn: (work) => void setImmediate(this.context.guard(work)),
      onDeviceMessage: (said, topic) => this.#passOn(said, topic),
      onRefused: (message, reason) => this.#refuse(message, reason),
    });
  }

  #take(message: IncomingMessage): void {
    const { metrics } = this.context;
    metrics.messages += 1;
    this.#lastMessage = message.receivedAt;
    this.#intake?.take(message);
  }

  #handOver(batch: readonly Reading[], completed: () => void): void {
    const { context } = this;
    context.metrics.in += batch.length;
    context.metrics.count("batches");
    const msg = { _msgid: context.runtime.util.generateId() };
    // Without acknowledgement there is nothing that the broker could send again.
    const strict = context.config.acknowledge === "completed" && context.config.qos !== "qos0";
    this.#flow?.track(msg, () => context.emit(ports(batch, null), msg), {
      limitMs: context.config.flowLimit * 1000,
      forgiving: !strict,
      onFinished: (outcome) => {
        this.#judge(outcome);
        if (strict && outcome.unfinished.length > 0) this.#abandon();
        else completed();
      },
    });
  }

  /** What the flow has not finished must not be acknowledged: the broker is made to send it again. */
  #abandon(): void {
    this.context.metrics.count("batches given up");
    this.#intake?.abandon();
    this.#subscriber?.abandon("the flow did not finish a batch in time, the broker is asked to send it again");
  }

  /** Says once for each node that it keeps the flow waiting. */
  #judge({ errors, unfinished }: FlowOutcome): void {
    const { context } = this;
    if (errors > 0) context.metrics.count("batches with errors");
    for (const id of unfinished) {
      if (this.#late.has(id)) continue;
      this.#late.add(id);
      const node = context.runtime.nodes.getNode(id);
      const name = node ? `${node.type} "${node.name || id}"` : id;
      context.warn(`${name} did not finish a batch within ${context.config.flowLimit} s`);
    }
  }

  #passOn(said: DeviceMessage, topic: string): void {
    this.context.metrics.count(said.kind);
    this.context.emit(ports(null, { topic, payload: said }));
  }

  #refuse(message: IncomingMessage, reason: string): void {
    this.context.metrics.refused += 1;
    this.#complaints.about(message, reason);
  }

  #tick(): void {
    this.#complaints.tick();
    this.#tellMetrics();
    this.#show();
  }

  #tellMetrics(): void {
    const { late, future, duplicate } = this.#arrivals;
    const { dropped, repeated } = this.#intake?.counts ?? { dropped: 0, repeated: 0 };
    const now = { late, future, duplicate, dropped, repeated, acknowledged: this.#subscriber?.acknowledged ?? 0 };
    for (const [name, count] of Object.entries(now)) {
      const more = count - this.#told[name as keyof typeof now];
      if (more > 0) this.context.metrics.count(name, more);
    }
    this.#told = now;
  }

  #show(): void {
    if (!this.#subscriber) return;
    const now = Date.now();
    const { state } = this.#subscriber;
    const { level, text } = stateText(state, now, () =>
      livenessText({
        now,
        since: state.kind === "connected" ? state.since : now,
        lastMessage: this.#lastMessage,
        staleAfterMs: this.context.config.staleAfter * 1000,
        heldBack: this.#intake?.heldBack ?? false,
        refused: this.#intake?.counts.refused ?? 0,
      }),
    );
    this.context.status[level](text);
  }
}

function patternsOf(config: Config): Patterns {
  try {
    return {
      telemetry: compileTopicPattern(config.topic),
      ...(config.takeStatus ? { status: compileTopicPattern(config.statusTopic) } : {}),
      ...(config.takeAlerts ? { alerts: compileTopicPattern(config.alertsTopic) } : {}),
    };
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : String(error));
  }
}

function codecOf(config: Config): Promise<Codec | AsyncCodec> {
  const { unit, expression, maxBytes, maxReadings, maxDepth } = config;
  return loadCodec(config.codec, { unit, expression, maxBytes, maxReadings, maxDepth });
}

function qosOf(choice: Config["qos"]): Qos {
  return Number(choice.slice(3)) as Qos;
}
