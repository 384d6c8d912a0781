import { ConfigError, defineNode, type NodeContext } from "../../../kit";
import type { CoordinatorOptions } from "../../../lib/federated/coordinator-options";
import type { BrokerService } from "../../../lib/mqtt/contract";
import type { StoreService } from "../../../lib/store/contract";
import { optionsOf } from "./options";
import { schema } from "./schema";
import type { FederatedServer } from "./server";

export type ServerContext = NodeContext<typeof schema>;

export default defineNode(schema, (context) => {
  const { config } = context;
  const broker = context.use<BrokerService>("broker");
  const store = context.useIf<StoreService>("store");
  const options = checked(() => optionsOf(config));
  if (options.budget !== undefined && !store) {
    throw new ConfigError("budget: needs a store, or a restart would give what was spent back");
  }
  let server: FederatedServer | undefined;
  const running = (): FederatedServer => {
    if (!server) throw new Error("the server has not started");
    return server;
  };
  return {
    async start() {
      server = await opened(context, broker, store, options);
    },
    input(msg) {
      throw new Error(`expected msg.command: model, close or reset, got ${typeof msg.command}`);
    },
    commands: {
      model: () => running().giveModel(),
      close: () => running().closeRound(),
      reset: () => running().reset(),
    },
    close: () => server?.close(),
  };
});

/** The federation's code is loaded when the first server starts, not with the pack. */
async function opened(
  context: ServerContext,
  broker: BrokerService,
  store: StoreService | undefined,
  options: CoordinatorOptions,
): Promise<FederatedServer> {
  const [{ FederatedServer }, { Coordinator }, { coordinatorStore }] = await Promise.all([
    import("./server.js"),
    import("../../../lib/federated/coordinator.js"),
    import("../../../lib/federated/persistence.js"),
  ]);
  const coordinator = checked(
    () =>
      new Coordinator(options, {
        now: Date.now,
        newSession: () => crypto.randomUUID(),
        ...(store ? { store: coordinatorStore(store, context.id, options) } : {}),
        onProblem: (problem) => context.warn(problem),
      }),
  );
  return new FederatedServer(context, broker, coordinator);
}

function checked<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof RangeError ? new ConfigError(error.message) : error;
  }
}
