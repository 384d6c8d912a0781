import type { NodeModule } from "../../kit";
import type { Red } from "../../kit/red";

/** What a node's module does with the runtime when it is loaded. */
export interface Recorded {
  readonly types: string[];
  readonly credentials: string[];
  readonly routes: { method: string; path: string; permission: string | undefined }[];
}

/** Loads a module into a runtime that only takes notes. */
export function loadWith(module: NodeModule): Recorded {
  const recorded: Recorded = { types: [], credentials: [], routes: [] };
  const route =
    (method: string) =>
    (path: string, ...handlers: { permission?: string }[]) =>
      void recorded.routes.push({ method, path, permission: handlers[0]?.permission });
  const red = {
    nodes: {
      registerType: (type: string, _construct: unknown, options?: { credentials?: Record<string, unknown> }) => {
        recorded.types.push(type);
        recorded.credentials.push(...Object.keys(options?.credentials ?? {}));
      },
    },
    httpAdmin: { get: route("get"), post: route("post"), put: route("put"), delete: route("delete") },
    auth: { needsPermission: (permission: string) => Object.assign(() => undefined, { permission }) },
    settings: {},
  };
  module(red as unknown as Red);
  return recorded;
}
