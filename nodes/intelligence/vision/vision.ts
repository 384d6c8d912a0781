import { ConfigError, defineNode, type NodeContext, type Outputs, ports } from "../../../kit";
import type { NodeMessage } from "../../../kit/red";
import type { Reading } from "../../../lib/reading";
import { seriesSelection } from "../../../lib/reading/series-selection";
import { countOf } from "../../../lib/text/plural";
import { checkMotionOptions, ImageDecoder, ImageError, type Motion, MotionDetector } from "../../../lib/vision";
import type { Recognised, Recognition } from "./recognition";
import { schema } from "./schema";
import { imageOfMessage, imageSource } from "./sources";

/** Motion is looked for in images of this width: enough to see a person at the end of a hall, and little work. */
const MOTION_WIDTH = 160;

/** Cameras whose backgrounds are kept. */
const MOST_CAMERAS = 200;

export default defineNode(schema, (context) => {
  const { config, metrics, status } = context;
  const decoder = new ImageDecoder(
    { maxBytes: Math.round(config.maxMegabytes * 1e6), maxPixels: Math.round(config.maxMegapixels * 1e6) },
    context.userDir,
  );
  const options = motionOptions(context);
  const cameras = context.perSeries<MotionDetector>(() => new MotionDetector(options), { cap: MOST_CAMERAS });
  const closing = new AbortController();
  context.onClose(() => closing.abort());
  const take = imageSource(context, closing.signal);
  let recognition: Recognition | undefined;
  let taking = false;

  /** Everything that is said of an image, with `properties` for the messages. */
  const looked = async (image: Uint8Array, deviceId: string): Promise<Seen> => {
    const timestamp = Date.now();
    const pixels = config.motion ? await decoder.grey(image, MOTION_WIDTH) : undefined;
    const motion = pixels && cameras.ofKey(deviceId).push(pixels);
    const moving = motion?.regions.some((region) => region.moving) ?? false;
    const wanted = !config.motion || !config.onlyOnMotion || moving || motion?.sceneChanged;
    const recognised = wanted ? await recognition?.of(image, deviceId) : undefined;
    const said = [...(motion ? motionReadings(motion) : []), ...(recognised?.readings ?? [])];
    metrics.count("images");
    status.ok(`${deviceId}: ${described(motion, recognised)}`);
    return {
      readings: said.map((reading) => ({ deviceId, timestamp, quality: "good", ...reading })),
      properties: {
        ...(motion?.box ? { motion: { box: motion.box } } : {}),
        ...(recognised?.detections ? { detections: recognised.detections } : {}),
      },
      isOfInterest: moving || (recognised?.detections?.length ?? 0) > 0,
    };
  };

  const outputs = (image: Uint8Array, { readings, properties, isOfInterest }: Seen, msg: NodeMessage): Outputs => {
    Object.assign(msg, properties);
    return ports(readings, isOfInterest ? { ...msg, payload: image, readings } : null);
  };

  const takeByTimer = async (source: () => Promise<Buffer>): Promise<void> => {
    if (taking) {
      metrics.count("late images");
      return;
    }
    taking = true;
    try {
      const image = await source();
      const deviceId = config.deviceId || context.name;
      const msg: NodeMessage = { topic: deviceId };
      context.emit(outputs(image, await looked(image, deviceId), msg), msg);
    } catch (error) {
      // An image that is given up because the node closes is no error.
      if (!closing.signal.aborted) throw error;
    } finally {
      taking = false;
    }
  };

  return {
    async start() {
      status.idle("no image yet");
      if (config.task !== "none") {
        // Loaded by those who use it: inference is many files.
        recognition = new (await import("./recognition.js")).Recognition(context, decoder);
        await recognition.start();
      }
      if (take && config.interval > 0) context.every(config.interval * 1000, () => takeByTimer(take));
    },
    async input(msg) {
      const image = take ? await take() : imageOfMessage(msg.payload);
      if (!image) throw new ImageError("msg.payload: expected an image as a Buffer or in base64");
      const { readings, ...seen } = await looked(image, deviceOf(context, msg));
      return outputs(image, { readings, ...seen }, msg);
    },
    commands: {
      reset(msg) {
        const selected = seriesSelection(msg.payload);
        if (!selected) cameras.clear();
        else for (const key of [...cameras.states()].map(([id]) => id)) if (selected(`${key}/`)) cameras.forget(key);
        return undefined;
      },
    },
    close: () => recognition?.close(),
  };
});

interface Seen {
  readonly readings: readonly Reading[];
  readonly properties: Readonly<Record<string, unknown>>;
  readonly isOfInterest: boolean;
}

type Said = Pick<Reading, "sensor" | "value" | "unit">;

function motionOptions({ config }: NodeContext<typeof schema>) {
  try {
    return checkMotionOptions(config);
  } catch (error) {
    throw error instanceof RangeError ? new ConfigError(error.message) : error;
  }
}

function motionReadings({ regions, sceneChanged }: Motion): Said[] {
  const said = regions.flatMap(({ name, moving, changed }): Said[] => {
    const sensor = name === "" ? "motion" : `motion.${name}`;
    return [
      { sensor, value: moving, unit: "1" },
      { sensor: `${sensor}.changed`, value: Math.round(100 * changed) / 100, unit: "%" },
    ];
  });
  return [...said, { sensor: "scene.changed", value: sceneChanged, unit: "1" }];
}

function described(motion: Motion | undefined, recognised: Recognised | undefined): string {
  const objects = recognised?.detections?.length;
  const parts = [
    !motion ? "" : motion.sceneChanged ? "another scene" : motion.regions[0]?.moving ? "motion" : "nothing moves",
    objects === undefined ? "" : countOf(objects, "object"),
    recognised?.readings.find(({ sensor }) => sensor === "class")?.value ?? "",
  ];
  return parts.filter((part) => part !== "").join(", ") || "looked at";
}

/** Configured, or the message's topic where it can be an id, or the node's name. */
function deviceOf({ config, name }: NodeContext<typeof schema>, { topic }: NodeMessage): string {
  if (config.deviceId !== "") return config.deviceId;
  const isId = typeof topic === "string" && topic !== "" && topic.length <= 256 && !/[/+#\p{Cc}]/u.test(topic);
  return isId ? topic : name;
}
