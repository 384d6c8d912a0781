import { createHash } from "node:crypto";
import type { SeriesStates, StoreService } from "../store/contract";
import type { CoordinatorStore } from "./coordinator";
import type { CoordinatorOptions } from "./coordinator-options";

const STATE = "state";
const CLIENTS = "clients";
const PRIVACY = "privacy";
const keyOf = (client: string): string => `update/${client}`;

/**
 * Keeps a federation in the store: its state and updates as long as it learns the same model from the same columns, and what
 * was spent of the privacy budget for good, since that is about the clients' rows and not about the model.
 * @param keeper the server node's id
 */
export function coordinatorStore(store: StoreService, keeper: string, options: CoordinatorOptions): CoordinatorStore {
  const states = store.seriesStates(keeper, modelName(options));
  const spent = store.seriesStates(`${keeper}/privacy`, "1");
  let clients = namesIn(states);
  return {
    load: () => ({
      state: states.load(STATE),
      updates: clients.flatMap((client) => savedUpdate(states, client)),
      privacy: spent.load(PRIVACY),
    }),
    saveUpdate(client, update) {
      const more = [...clients, client];
      states.save([
        [keyOf(client), update.toString("base64")],
        [CLIENTS, more],
      ]);
      clients = more;
    },
    saveRound(state, privacy) {
      const gone = clients.map((client) => [keyOf(client), undefined] as const);
      store.transaction(() => {
        states.save([...gone, [CLIENTS, []], [STATE, state]]);
        if (privacy !== undefined) spent.save([[PRIVACY, privacy]]);
      });
      clients = [];
    },
  };
}

/** Another model, or other ranges or units to make its inputs from, is another federation. */
function modelName({ plan, ranges, units = [] }: CoordinatorOptions): string {
  const isGiven = units.some((unit) => unit !== "");
  return createHash("sha256")
    .update(JSON.stringify([plan, ranges ?? null, ...(isGiven ? [units] : [])]))
    .digest("hex")
    .slice(0, 16);
}

function namesIn(states: SeriesStates): readonly string[] {
  const saved = states.load(CLIENTS);
  return Array.isArray(saved) ? saved.filter((name) => typeof name === "string") : [];
}

function savedUpdate(states: SeriesStates, client: string): [client: string, update: Buffer][] {
  const saved = states.load(keyOf(client));
  return typeof saved === "string" ? [[client, Buffer.from(saved, "base64")]] : [];
}
