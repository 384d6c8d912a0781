import { defineNode, type NodeContext } from "../../../kit";
import { checkQuery, Registry } from "../../../lib/registry";
import type { StoreService } from "../../../lib/store";
import { schema } from "./schema";

const TICK_MS = 1000;
/** Time spent writing before the flow's work gets its turn. */
const WRITE_BUDGET_MS = 5;
const NEXT_WRITE_MS = 10;

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
        const save = saver(context, registry);
        context.every(TICK_MS, () => {
          registry.sweep();
          save();
        });
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

/** Brings changes to the store in small steps. A problem that lasts is told once; the registry lives on in memory. */
function saver(context: NodeContext<typeof schema>, registry: Registry): () => void {
  let told = "";
  let waiting = false;
  const tell = (problem: string): void => {
    if (problem !== "" && problem !== told) context.fail(problem);
    told = problem;
  };
  const save = (): void => {
    if (waiting) return;
    try {
      waiting = registry.flush(WRITE_BUDGET_MS);
      tell("");
    } catch (error) {
      tell(`devices are not saved: ${error instanceof Error ? error.message : error}`);
    }
    if (waiting) {
      context.after(NEXT_WRITE_MS, () => {
        waiting = false;
        save();
      });
    }
  };
  return save;
}
