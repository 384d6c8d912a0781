import { ConfigError, defineNode, type NodeContext, type NodeModule } from "../../../kit";
import type { AdminRequest, AdminResponse } from "../../../kit/red";
import type { BusKind, SharedBus } from "../../../lib/bus";
import { SimulatedBus } from "../../../lib/bus/simulated";
import { allDrivers, plugParts } from "../../../lib/drivers";
import { catalogOf, partSpecs, plugLines, scanBus } from "../../../lib/sensing";
import { leaseWire } from "../../../lib/sensing/wire";
import { schema } from "./schema";
import type { BusService } from "./service";
import { wireSettings } from "./wire-settings";

/** A bus says in words how it is doing this often. */
const STATUS_MS = 1000;

const busNode = defineNode(
  schema,
  (context) => {
    const service = context.config.connection === "wire" ? wiredBus(context) : simulatedBus(context);
    return {
      service,
      async start() {
        context.every(STATUS_MS, () => showStatus(context, service.bus));
        await service.ready;
      },
    };
  },
  { routes: { scan: { method: "post", handle: (service) => (service as BusService).scan() } } },
);

/** Besides the bus: the list of drivers, which dialogs need before anything is deployed. */
const bus: NodeModule = (red) => {
  busNode(red);
  red.httpAdmin.get(
    "/gatewise/bus/drivers",
    red.auth.needsPermission("gatewise.read"),
    (_request: AdminRequest, response: AdminResponse) =>
      void allDrivers().then(
        (entries) => response.json(catalogOf(entries)),
        (error) => response.status(500).json({ error: String(error) }),
      ),
  );
};

export default bus;

type Context = NodeContext<typeof schema>;

function wiredBus(context: Context): BusService {
  try {
    const lease = leaseWire(wireSettings(context.config));
    context.onClose(() => lease.release());
    return serviceOf(lease.bus, Promise.resolve());
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : String(error));
  }
}

function simulatedBus(context: Context): BusService {
  const { config } = context;
  const simulation = new SimulatedBus<BusKind>(config.kind);
  const shared = simulation.shared(`simulated ${context.name}`);
  context.onClose(() => shared.close());
  const ready = plugAll(simulation, context);
  // Told by `start` and by everybody who waits for it.
  ready.catch(() => {});
  return serviceOf(shared, ready, config.everyPart ? simulation : undefined);
}

async function plugAll(simulation: SimulatedBus, { config, userDir }: Context): Promise<void> {
  try {
    if (simulation.kind === "gpio") await plugLines(simulation, config, userDir);
    else await plugParts(simulation, partSpecs(simulation.kind, config, userDir));
  } catch (error) {
    throw new ConfigError(`simulation: ${error instanceof Error ? error.message : error}`);
  }
}

function serviceOf(bus: SharedBus, ready: Promise<void>, simulation?: SimulatedBus): BusService {
  return {
    ...{ kind: bus.kind, bus, simulation, ready },
    scan: async () => {
      await ready;
      return scanBus(bus, await allDrivers());
    },
  };
}

function showStatus({ status }: Context, { key, fault, lastGood }: SharedBus): void {
  const last = lastGood === undefined ? undefined : new Date(lastGood).toLocaleTimeString("en-GB");
  if (fault) status.error(last === undefined ? fault.message : `${fault.message}; worked last at ${last}`);
  else if (last === undefined) status.idle(`${key}: not used yet`);
  else status.ok(`${key}: worked last at ${last}`);
}
