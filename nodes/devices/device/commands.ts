import type { NodeMessage } from "../../../kit";
import { describe } from "../../../lib/reading";
import {
  checkQuery,
  type Existing,
  exportDevices,
  importDevices,
  type Registry,
  RegistryError,
  type TransferFormat,
} from "../../../lib/registry";

const FORMATS: readonly TransferFormat[] = ["csv", "json"];
const EXISTING: readonly Existing[] = ["refuse", "update", "skip"];

type Command = (msg: NodeMessage) => unknown;

/** What the node's commands do; each returns the answer's payload, or throws RegistryError. */
export function commandsOn(registry: Registry): Readonly<Record<string, Command>> {
  return {
    list: (msg) => ({ counts: registry.counts, ...registry.list(checkQuery(msg.payload)) }),
    get: (msg) => {
      const id = idOf(msg.payload);
      const device = registry.get(id);
      if (!device) throw new RegistryError("unknown-device", `device ${describe(id)} is not registered`);
      return device;
    },
    register: (msg) => registry.register(idOf(msg.payload), fieldsOf(msg.payload)),
    update: (msg) => registry.update(idOf(msg.payload), fieldsOf(msg.payload)),
    delete: (msg) => registry.delete(idOf(msg.payload)),
    import: (msg) =>
      importDevices(registry, msg.payload, {
        format: oneOf(msg.format, FORMATS, "msg.format"),
        existing: oneOf(msg.existing, EXISTING, "msg.existing"),
        dryRun: msg.dryRun === true,
      }),
    export: (msg) =>
      exportDevices(registry, oneOf(msg.format, FORMATS, "msg.format") ?? "csv", checkQuery(msg.payload)),
  };
}

/** The payload is an id, or an object that has one. */
function idOf(payload: unknown): string {
  const id = typeof payload === "object" && payload !== null ? (payload as { id?: unknown }).id : payload;
  if (typeof id === "string" && id !== "") return id;
  throw new RegistryError(
    "invalid",
    `msg.payload: expected a device's id, or an object with its id, got ${describe(payload)}`,
  );
}

function fieldsOf(payload: unknown): unknown {
  return typeof payload === "object" ? payload : {};
}

function oneOf<T extends string>(value: unknown, options: readonly T[], where: string): T | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  if (options.includes(value as T)) return value as T;
  throw new RegistryError("invalid", `${where}: expected one of ${options.join(", ")}, got ${describe(value)}`);
}
