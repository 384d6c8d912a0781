import { defineNode, ports } from "../../../kit";
import type { Snapshotted } from "../../../kit/per-series";
import type { Reading } from "../../../lib/reading";
import { seriesSelection } from "../../../lib/reading/series-selection";
import type { DeviceLife } from "../../../lib/rul";
import { deviceLifeFactory } from "./lives";
import { deviceMaintenanceFactory } from "./probability";
import { schema } from "./schema";

interface Estimates {
  readonly results: Reading[];
  readonly phases: Reading[];
}

/** What is known of one device, by whichever method. */
interface DeviceState extends Required<Snapshotted> {
  push(reading: Reading): Estimates;
  /** Why nothing can be estimated. */
  readonly problem: string | undefined;
}

export default defineNode(schema, (context) => {
  const { config, status } = context;
  let create: () => DeviceState = () => {
    throw new Error("the node has not started");
  };
  const devices = context.perSeries<DeviceState>(() => create());
  const told = new Set<string>();
  let latest = "";

  const tellOnce = (device: string, problem: string): void => {
    if (told.has(device) || told.size >= 100) return;
    told.add(device);
    context.fail(`${device}: ${problem}`);
  };

  return {
    async start() {
      create =
        config.method === "probability"
          ? probabilities(config)
          : lives(await deviceLifeFactory(config, context.userDir));
      status.idle("no readings yet");
    },

    readings(batch, _msg, refuse) {
      const results: Reading[] = [];
      const phases: Reading[] = [];
      for (const reading of batch) {
        const device = devices.ofKey(`${reading.deviceId}/rul`);
        try {
          const out = device.push(reading);
          results.push(...out.results);
          phases.push(...out.phases);
        } catch (error) {
          refuse(reading, error instanceof Error ? error.message : String(error));
        }
        if (device.problem) tellOnce(reading.deviceId, device.problem);
      }
      latest = lastOf(results) ?? latest;
      if (told.size === 0) status.ok(`${devices.size} devices${latest}`);
      return ports(results, phases);
    },

    commands: {
      reset(msg) {
        const selected = seriesSelection(msg.payload);
        if (!selected) devices.clear();
        else for (const key of [...devices.states()].map(([name]) => name).filter(selected)) devices.forget(key);
        told.clear();
        latest = "";
        status.idle(`${devices.size} devices`);
        return undefined;
      },
    },
  };
});

function lives(create: () => DeviceLife): () => DeviceState {
  return () => {
    const device = create();
    return {
      push: (reading) => {
        const { lives: results, phases } = device.push(reading);
        return { results, phases };
      },
      get problem() {
        return device.problem;
      },
      snapshot: () => device.snapshot(),
      restore: (state) => device.restore(state),
    };
  };
}

function probabilities(config: Parameters<typeof deviceMaintenanceFactory>[0]): () => DeviceState {
  const create = deviceMaintenanceFactory(config);
  return () => {
    const device = create();
    return {
      push: (reading) => {
        const result = device.push(reading);
        return { results: result ? [result] : [], phases: [] };
      },
      problem: undefined,
      snapshot: () => device.snapshot(),
      restore: (state) => device.restore(state),
    };
  };
}

/** For the status: the last result in a few words. */
function lastOf(results: readonly Reading[]): string | undefined {
  const last = results.findLast(({ sensor }) => sensor === "rul" || sensor === "maintenance_probability");
  if (!last) return undefined;
  const value = Number(last.value);
  return last.sensor === "rul"
    ? `, ${last.deviceId}: ${value < 100 ? value.toFixed(1) : value.toFixed(0)} h left`
    : `, ${last.deviceId}: ${(100 * value).toFixed(0)} %`;
}
