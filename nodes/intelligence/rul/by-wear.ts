import { type ConfigOf, type NodeContext, ports } from "../../../kit";
import type { Snapshotted } from "../../../kit/per-series";
import type { Reading } from "../../../lib/reading";
import type { DeviceLife } from "../../../lib/rul";
import { deviceLifeFactory } from "./lives";
import type { LifeMethod } from "./method";
import type { schema } from "./schema";

interface Estimates {
  readonly results: readonly Reading[];
  readonly phases: readonly Reading[];
}

/** What is known of one device, by whichever method. */
interface DeviceState extends Required<Snapshotted> {
  push(reading: Reading): Estimates;
  /** Why nothing can be estimated. */
  readonly problem: string | undefined;
}

/** Devices whose problem is told; more have the same one. */
const MOST_TOLD = 100;

/** The methods that look at readings one by one: extrapolation, similarity and the maintenance probability. */
export function lifeByWear(context: NodeContext<typeof schema>): LifeMethod {
  const { config } = context;
  let create: () => DeviceState = () => {
    throw new Error("the node has not started");
  };
  const devices = context.perSeries<DeviceState>(() => create());
  const told = new Set<string>();
  let problem: string | undefined;
  const tellOnce = (device: string, reason: string): void => {
    if (told.has(device) || told.size >= MOST_TOLD) return;
    told.add(device);
    problem = `${device}: ${reason}`;
    context.fail(problem);
  };

  return {
    async start() {
      create =
        config.method === "probability"
          ? await probabilities(config)
          : lives(await deviceLifeFactory(config, context.userDir));
    },
    readings(batch, refuse) {
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
      return ports(results, phases);
    },
    devices,
    get problem() {
      return problem;
    },
    reset() {
      told.clear();
      problem = undefined;
    },
  };
}

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

async function probabilities(config: ConfigOf<typeof schema>): Promise<() => DeviceState> {
  const { deviceMaintenanceFactory } = await import("./probability.js");
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
