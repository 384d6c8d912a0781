import { resolve } from "node:path";
import { defineNode, type NodeContext } from "../../../kit";
import { IN_MEMORY, openStore, type Store } from "../../../lib/store";
import { schema } from "./schema";

const MEGABYTE = 1024 * 1024;
const DAY_MS = 24 * 3600 * 1000;
const UPKEEP_MS = 1000;
/** Between two steps of upkeep while there is more to do: the flow's work comes first. */
const NEXT_STEP_MS = 10;

export default defineNode(
  schema,
  (context) => {
    const { config } = context;
    const path = config.file === IN_MEMORY ? IN_MEMORY : resolve(context.userDir, config.file);
    const store = openStore(path, {
      sync: config.sync,
      maxBytes: config.maxMegabytes * MEGABYTE,
      historyMaxAge: config.historyDays === undefined ? undefined : config.historyDays * DAY_MS,
      onWarning: (warning) => context.warn(warning),
    });
    // Registered first, so it runs last: the upkeep must have stopped by then.
    context.onClose(() => store.close());
    return { service: store, start: () => keepUp(context, store) };
  },
  {
    routes: {
      size: { method: "get", handle: (store) => (store as Store).size() },
    },
  },
);

/** Keeps the file within its bounds. A problem that lasts is told once, not every second. */
function keepUp(context: NodeContext<typeof schema>, store: Store): void {
  let told = "";
  const tell = (problem: string): void => {
    if (problem !== told && problem !== "") context.fail(problem);
    if (problem === "") context.status.ok(store.path);
    told = problem;
  };
  const step = (): void => {
    try {
      const { evicted, more, overBy } = store.upkeep();
      if (evicted > 0) context.metrics.count("evicted readings", evicted);
      tell(overBy > 0 ? tooLarge(store.path, overBy) : "");
      if (more) context.after(NEXT_STEP_MS, step);
    } catch (error) {
      tell(`upkeep: ${error instanceof Error ? error.message : error}`);
    }
  };
  context.every(UPKEEP_MS, step);
}

function tooLarge(path: string, overBy: number): string {
  return (
    `the store ${path} is ${Math.ceil(overBy / MEGABYTE)} MB over its size, and it is not history that fills it: ` +
    "raise the size, or see what waits in outboxes"
  );
}
