import { type ConfigOf, type NodeContext, ports } from "../../../kit";
import type { Snapshotted } from "../../../kit/per-series";
import type { MaintenanceDoubt } from "../../../lib/maintenance";
import type { Reading } from "../../../lib/reading";
import type { DeviceLife, Doubt, LeftOut } from "../../../lib/rul";
import { deviceLifeFactory } from "./lives";
import { asleepOf, type DeviceUnderWatch, deviceOf, keyOf, type LifeMethod } from "./method";
import type { schema } from "./schema";
import { Troubles } from "./troubles";

interface Estimates {
  readonly results: readonly Reading[];
  readonly phases: readonly Reading[];
  readonly leftOut?: LeftOut | undefined;
}

/** What is known of one device, by whichever method. */
interface DeviceState extends Required<Snapshotted>, DeviceUnderWatch {
  push(reading: Reading): Estimates;
  /** Why nothing can be estimated. */
  readonly problem: string | undefined;
  readonly doubt: Doubt | MaintenanceDoubt | undefined;
}

/** The methods that look at readings one by one: extrapolation, similarity and the maintenance probability. */
export function lifeByWear(context: NodeContext<typeof schema>): LifeMethod {
  const { config, metrics } = context;
  let create: () => DeviceState = () => {
    throw new Error("the node has not started");
  };
  const devices = context.perSeries<DeviceState>(() => create(), {
    kept: "devices",
    onEvict: (key) => troubles.forget(deviceOf(key)),
  });
  const troubles = new Troubles(context);

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
        const device = devices.admit(keyOf(reading.deviceId));
        if (!device) continue;
        try {
          const out = device.push(reading);
          results.push(...out.results);
          phases.push(...out.phases);
          if (out.leftOut) metrics.count(COUNTED[out.leftOut]);
        } catch (error) {
          refuse(reading, error instanceof Error ? error.message : String(error));
        }
        troubles.show(reading, device.problem, device.doubt);
      }
      return ports(results, phases);
    },
    devices,
    asleep: () => asleepOf(devices),
    wake: (deviceId) => void devices.ofKey(keyOf(deviceId)),
    get problem() {
      return troubles.latest ?? devices.problem;
    },
    get leftOut() {
      return Object.values(COUNTED)
        .filter((name) => metrics.counted(name) > 0)
        .map((name) => `${metrics.counted(name)} ${name}`)
        .join(", ");
    },
    reset: () => troubles.clear(),
  };
}

/** What readings that were left out are counted as. */
const COUNTED: Readonly<Record<LeftOut, string>> = {
  late: "late readings",
  "far ahead": "readings dated ahead",
  uncertain: "uncertain readings",
  bad: "bad readings",
};

function lives(create: () => DeviceLife): () => DeviceState {
  return () => {
    const device = create();
    return {
      push: (reading) => {
        const { lives: results, phases, leftOut } = device.push(reading);
        return { results, phases, leftOut };
      },
      get problem() {
        return device.problem;
      },
      get doubt() {
        return device.doubt;
      },
      withdrawal: (deviceId) => device.report.withdrawal(deviceId),
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
        const { result, leftOut } = device.push(reading);
        return { results: result ? [result] : [], phases: [], leftOut };
      },
      problem: undefined,
      get doubt() {
        return device.doubt;
      },
      withdrawal: () => undefined,
      snapshot: () => device.snapshot(),
      restore: (state) => device.restore(state),
    };
  };
}
