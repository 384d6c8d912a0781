import { ConfigError, type ConfigOf, defineNode, type Refuse } from "../../../kit";
import { type AsyncCodec, type Codec, loadCodec } from "../../../lib/codec";
import type { BrokerService, PublishOptions, Qos } from "../../../lib/mqtt/contract";
import { CONTENT_TYPES, type Parcel, sortIntoParcels } from "../../../lib/mqtt/outgoing";
import { stateText } from "../../../lib/mqtt/state-text";
import { compileTopicPattern } from "../../../lib/mqtt/topic-pattern";
import type { Reading } from "../../../lib/reading";
import { schema } from "./schema";

type Config = ConfigOf<typeof schema>;

export default defineNode(schema, (context) => {
  const { config, status, metrics } = context;
  checkTopic(config.topic);
  const options: PublishOptions = {
    qos: Number(config.qos.slice(3)) as Qos,
    retain: config.retain,
    contentType: CONTENT_TYPES[config.codec],
  };
  let codec: Codec | AsyncCodec;

  const publisher = context
    .use<BrokerService>("broker")
    .publisher({ consumer: context.id, onState: context.guard(() => show()) });

  const show = (): void => {
    const { level, text } = stateText(publisher.state, Date.now(), () =>
      publisher.waiting > 0
        ? { level: "ok", text: `connected, ${publisher.waiting} to be confirmed` }
        : { level: "ok", text: "connected" },
    );
    status[level](text);
  };

  const publish = async (parcel: Parcel, refuse: Refuse): Promise<void> => {
    try {
      await publisher.publish(parcel.topic, await codec.encode(parcel.readings), options);
      metrics.count("published");
      metrics.out += parcel.readings.length;
    } catch (error) {
      const reason = `${parcel.topic}: ${error instanceof Error ? error.message : error}`;
      for (const reading of parcel.readings) refuse(reading, reason);
    }
  };

  return {
    async start() {
      codec = await loadCodec(config.codec, { encodeExpression: config.expression, expression: "payload" });
      context.every(1000, show);
    },
    async readings(batch: readonly Reading[], _msg, refuse) {
      const parcels = sortIntoParcels(config.topic, batch, refuse);
      await Promise.all(parcels.map((parcel) => publish(parcel, refuse)));
      return undefined;
    },
    // Asynchronous encoding of two batches at once could let the second overtake the first.
    inFlight: config.codec === "jsonata" ? 1 : config.inFlight,
    close: () => publisher.close(),
  };
});

/** What stands for one level when subscribing cannot be published to. */
function checkTopic(topic: Config["topic"]): void {
  const problem = problemWithTopic(topic);
  if (problem !== undefined) throw new ConfigError(problem);
}

function problemWithTopic(topic: string): string | undefined {
  if (/[+#]|\.\.\.\}/.test(topic)) return `topic "${topic}": only plain levels and {name} can be published to`;
  try {
    compileTopicPattern(topic);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
