import { defineNode, type NodeContext } from "../../../kit";
import { checkQuery, Registry } from "../../../lib/registry";
import type { StoreService } from "../../../lib/store";
import { schema } from "./schema";

const TICK_MS = 1000;
/** Devices looked at, and time spent writing, before the flow's work gets its turn. */
const SWEEP_LIMIT = 2000;
const WRITE_BUDGET_MS = 5;
const NEXT_STEP_MS = 10;

export default defineNode(
  schema,
  (context) => {
    const { autoRegistration, listed, offlineAfter, set, maxDevices } = context.config;
    const store = context.useIf<StoreService>("store");
    const onProblem = (problem: string): void => context.warn(problem);
    const registry = new Registry({ store, set, autoRegistration, listed, offlineAfter, maxDevices, onProblem });
    return {
      service: registry,
      start() {
        context.every(TICK_MS, stepper(context, registry));
      },
      close: () => registry.close(),
    };
  },
  {
    routes: {
      devices: {
        method: "get",
        handle: (service, { query }) => {
          const registry = service as Registry;
          return { counts: registry.counts, ...registry.list(checkQuery({ ...query })) };
        },
      },
    },
  },
);

/** Looks for silence and brings changes to the store, in small steps. A problem that lasts is told once. */
function stepper(context: NodeContext<typeof schema>, registry: Registry): () => void {
  let told = "";
  let waiting = false;
  const tell = (problem: string): void => {
    if (problem !== "" && problem !== told) context.fail(problem);
    told = problem;
  };
  const save = (): boolean => {
    try {
      const more = registry.flush(WRITE_BUDGET_MS);
      tell("");
      return more;
    } catch (error) {
      // They stay in memory and are tried again.
      tell(`devices are not saved: ${error instanceof Error ? error.message : error}`);
      return false;
    }
  };
  const step = (): void => {
    waiting = false;
    const silenceLeft = registry.sweep(SWEEP_LIMIT);
    const changesLeft = save();
    if (!silenceLeft && !changesLeft) return;
    waiting = true;
    context.after(NEXT_STEP_MS, step);
  };
  return () => {
    if (!waiting) step();
  };
}
