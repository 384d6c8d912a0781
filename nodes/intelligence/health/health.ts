import { type ConfigOf, defineNode } from "../../../kit";
import { DeviceHealth, healthFactory, type SensorLimits } from "../../../lib/health";
import type { Reading } from "../../../lib/reading";
import { seriesSelection } from "../../../lib/reading/series-selection";
import { RowWatch } from "../../../lib/rows";
import { countOf } from "../../../lib/text/plural";
import { schema } from "./schema";

export default defineNode(schema, (context) => {
  const { config, status } = context;
  const sensors = sensorsOf(config);
  const createIndex = healthFactory({ ...config, sensors });
  const names = sensors.map(({ sensor }) => sensor);
  const watch = new RowWatch(context);
  const create = (): DeviceHealth => new DeviceHealth(createIndex(), names, config.hold * 1000, watch);
  // Checked once here: a name that is there twice is a mistake of the configuration and of no reading.
  create();
  const devices = context.perSeries<DeviceHealth>(create, {
    kept: "devices",
    onEvict: (key) => watch.forget(deviceOf(key)),
  });
  let latest = "";
  let hasFailed = false;

  const showStatus = (): void => {
    const some = [...firstOf(devices.states(), 100)].map(([, state]) => state);
    const learning = some.filter(({ missingRows }) => missingRows > 0).length;
    const text = `${countOf(devices.size, "device")}${learning > 0 ? `, ${learning} still learned` : ""}${latest}`;
    const problem = watch.problem ?? devices.problem;
    if (problem) status.warn(problem);
    // Devices of another kind may be among others, but not alone.
    else if (names.length > 0 && some.length > 0 && some.every(({ hasBegun }) => !hasBegun)) {
      status.warn(`no device has ${names.join(", ")}`);
    } else if (hasFailed) status.warn(text);
    else status.ok(text);
  };

  const forgetDevices = (keys: readonly string[]): void => {
    for (const key of keys) {
      devices.forget(key);
      watch.forget(deviceOf(key));
    }
  };

  return {
    start: () => status.idle("no readings yet"),
    readings(batch) {
      const out: Reading[] = [];
      for (const reading of batch) {
        // Its own result may be wired back or come from another node: it is no sensor of the device.
        if (reading.sensor === "health") continue;
        const health = devices.admit(`${reading.deviceId}/health`)?.push(reading);
        if (health) out.push(health);
      }
      const last = out.at(-1);
      if (last) {
        hasFailed = Number(last.value) <= 0;
        latest = `, ${last.deviceId} at ${(100 * Number(last.value)).toFixed(0)} %`;
      }
      showStatus();
      return out;
    },
    commands: {
      reset(msg) {
        const selected = seriesSelection(msg.payload);
        if (selected) forgetDevices([...devices.states()].map(([name]) => name).filter(selected));
        else {
          devices.clear();
          watch.forget();
        }
        latest = "";
        hasFailed = false;
        showStatus();
        return undefined;
      },
    },
  };
});

const deviceOf = (key: string): string => key.slice(0, key.indexOf("/"));

function sensorsOf(config: ConfigOf<typeof schema>): readonly SensorLimits[] {
  if (config.method === "limits") return config.limits;
  if (config.method === "baseline") return config.weighted;
  return config.sensors.map((sensor) => ({ sensor }));
}

function* firstOf<T>(items: Iterator<T>, count: number): Generator<T> {
  for (let i = 0; i < count; i++) {
    const next = items.next();
    if (next.done) return;
    yield next.value;
  }
}
