import { defineNode, type Outputs, Ports } from "../../../kit";
import type { Reading } from "../../../lib/reading";
import { seriesSelection } from "../../../lib/reading/series-selection";
import type { LifeMethod } from "./method";
import { schema } from "./schema";

export default defineNode(schema, (context) => {
  const { config, status } = context;
  let latest = "";
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
      latest = lastOf(outputs) ?? latest;
      if (method.problem) status.warn(method.problem);
      else status.ok(`${method.devices.size} devices${latest}`);
      return outputs;
    },

    commands: {
      reset(msg) {
        const method = methodInUse();
        const { devices } = method;
        const selected = seriesSelection(msg.payload);
        if (!selected) devices.clear();
        else for (const key of [...devices.states()].map(([name]) => name).filter(selected)) devices.forget(key);
        method.reset?.();
        latest = "";
        status.idle(`${devices.size} devices`);
        return undefined;
      },
    },

    close: () => started?.close?.(),
  };
});

/** For the status: the last result in a few words. */
function lastOf(outputs: Outputs): string | undefined {
  const [results] = outputs instanceof Ports ? outputs.outputs : [];
  if (!Array.isArray(results)) return undefined;
  const last = (results as readonly Reading[]).findLast(
    ({ sensor }) => sensor === "rul" || sensor === "maintenance_probability",
  );
  if (!last) return undefined;
  const value = Number(last.value);
  return last.sensor === "rul"
    ? `, ${last.deviceId}: ${value < 100 ? value.toFixed(1) : value.toFixed(0)} h left`
    : `, ${last.deviceId}: ${(100 * value).toFixed(0)} %`;
}
