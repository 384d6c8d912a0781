import { defineNode, ports } from "../../../kit";
import type { NodeMessage } from "../../../kit/red";
import type { Reading } from "../../../lib/reading";
import { seriesSelection } from "../../../lib/reading/series-selection";
import { countOf } from "../../../lib/text/plural";
import { LatestResult } from "./latest-result";
import { type DeviceUnderWatch, deviceOf, type LifeMethod } from "./method";
import { schema } from "./schema";

export default defineNode(schema, (context) => {
  const { config, status } = context;
  const latest = new LatestResult(config.dueBelow);
  // Only the method that is used is loaded, and with the first node that uses it: Node-RED's start is not to wait for it.
  let started: LifeMethod | undefined;
  const methodInUse = (): LifeMethod => {
    if (started) return started;
    throw new Error("the node has not started");
  };

  return {
    async start() {
      status.idle("no readings yet");
      const method =
        config.method === "model"
          ? (await import("./by-model.js")).lifeByModel(context)
          : (await import("./by-wear.js")).lifeByWear(context);
      await method.start();
      started = method;
    },

    async readings(batch, _msg, refuse) {
      const method = methodInUse();
      const outputs = await method.readings(batch, refuse);
      latest.take(outputs);
      if (method.problem) status.warn(method.problem);
      else {
        const leftOut = method.leftOut ? `; left out: ${method.leftOut}` : "";
        const text = `${countOf(method.devices.size, "device")}${latest.text}${leftOut}`;
        if (latest.isDue) status.warn(text);
        else status.ok(text);
      }
      return outputs;
    },

    commands: {
      async reset(msg) {
        const method = methodInUse();
        const withdrawn = await forget(method, msg.payload);
        method.reset?.();
        latest.clear();
        status.idle(countOf(method.devices.size, "device"));
        return ports(withdrawn, []);
      },
    },

    close: () => started?.close?.(),
  };
});

/** Forgets the devices that a command names; gives what takes back the recommendations that were made for them. */
async function forget(method: LifeMethod, payload: NodeMessage["payload"]): Promise<Reading[]> {
  const { devices } = method;
  const selected = seriesSelection(payload);
  if (selected) method.wake(namedDevice(payload));
  const gone = [...devices.states()].filter(([key]) => selected?.(key) ?? true);
  const withdrawn = withdrawals(gone);
  if (selected) for (const [key] of gone) devices.forget(key);
  else {
    for (const slice of slices(method.asleep())) {
      withdrawn.push(...withdrawals(slice));
      await new Promise((resolve) => setImmediate(resolve));
    }
    devices.clear();
  }
  return withdrawn;
}

function withdrawals(gone: readonly (readonly [key: string, device: DeviceUnderWatch])[]): Reading[] {
  return gone.flatMap(([key, device]) => device.withdrawal(deviceOf(key)) ?? []);
}

/** How many states are looked at before other work gets its turn. */
const SLICE = 200;

function* slices<T>(items: Iterable<T>): Generator<readonly T[]> {
  let slice: T[] = [];
  for (const item of items) {
    slice.push(item);
    if (slice.length < SLICE) continue;
    yield slice;
    slice = [];
  }
  yield slice;
}

function namedDevice(payload: NodeMessage["payload"]): string {
  return typeof payload === "string" ? payload : (payload as { deviceId: string }).deviceId;
}
