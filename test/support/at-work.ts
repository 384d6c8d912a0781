import type { NodeSchema } from "../../kit/node-schema";
import { conditionsOf } from "../editor/scenarios";
import { defaultsOf } from "./pack";

/** What nodes need beside their defaults to be at work, where a test has what they link to. */
const SETTINGS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "gatewise-alert-rule": { limits: [{ op: ">", value: "20", severity: "high" }] },
  "gatewise-federated-client": { sensors: ["pressure"], target: "temperature", minRows: 5, client: "gateway" },
  "gatewise-federated-server": {
    sensors: [{ sensor: "pressure", low: 0, high: 10 }],
    ...{ target: "temperature", targetLow: 0, targetHigh: 50, enoughClients: 1, minClients: 1 },
    ...{ rounds: 0, pause: 0.5, clip: 1 },
  },
  "gatewise-features": { source: "count", size: 16 },
  "gatewise-influxdb": { database: "test" },
  "gatewise-predict": { model: "tree" },
  "gatewise-privacy": {
    sensors: ["temperature", "pressure", "vibration"].map((sensor) => ({ sensor, low: 0, high: 50 })),
    ...{ count: 2, epsilon: 0.001 },
  },
  "gatewise-train": { model: "learned", task: "anomaly", source: "history" },
};

/** A node at work, with the config nodes of these ids by their types. */
export function atWork(schema: NodeSchema, links: Readonly<Record<string, string>>): Record<string, unknown> {
  const linked = Object.entries(schema.config).flatMap(([name, field]) =>
    field.kind === "link" && field.to && links[field.to] ? [[name, links[field.to]] as const] : [],
  );
  return { ...defaultsOf(schema), ...Object.fromEntries(linked), ...SETTINGS[schema.type] };
}

/** The node at work in every way that its dialog's choices give: one variant for each option of each choice. */
export function waysToWork(schema: NodeSchema, links: Readonly<Record<string, string>>): Record<string, unknown>[] {
  const base = atWork(schema, links);
  const others = Object.entries(schema.config).flatMap(([name, field]) =>
    field.kind === "choice"
      ? Object.keys(field.options ?? {})
          .filter((option) => option !== base[name])
          .map((option) => ({ ...base, ...conditionsOf(schema.config, name), [name]: option }))
      : [],
  );
  return [base, ...others];
}
