/**
 * The part of Node-RED that the kit uses, declared here because the published types are years behind. Nothing else in
 * the pack sees Node-RED: nodes see the kit.
 */

export interface NodeMessage {
  _msgid?: string;
  topic?: unknown;
  payload?: unknown;
  [property: string]: unknown;
}

export type Send = (messages: NodeMessage | readonly (NodeMessage | readonly NodeMessage[] | null)[]) => void;
export type Done = (error?: Error) => void;

export interface RedNodeStatus {
  fill?: "red" | "green" | "yellow" | "blue" | "grey";
  shape?: "ring" | "dot";
  text?: string;
}

export interface RedNode {
  readonly id: string;
  readonly type: string;
  readonly name?: string;
  readonly z?: string;
  readonly credentials?: Readonly<Record<string, string | undefined>>;
  on(event: "input", handler: (msg: NodeMessage, send: Send, done: Done) => void): void;
  on(event: "close", handler: (removed: boolean, done: () => void) => void): void;
  send: Send;
  status(status: RedNodeStatus): void;
  log(message: string): void;
  warn(message: string, msg?: NodeMessage): void;
  error(message: string | Error, msg?: NodeMessage): void;
  debug(message: string): void;
}

export interface AdminRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

export interface AdminResponse {
  status(code: number): AdminResponse;
  json(body: unknown): void;
  set(header: string, value: string): AdminResponse;
  send(body: string): void;
}

export type AdminHandler = (request: AdminRequest, response: AdminResponse) => void;
type AdminMiddleware = (request: never, response: never, next: never) => void;

/** A message on its way to one node, as the messaging hooks see it. */
export interface SendEvent {
  msg: NodeMessage;
  source: { readonly id: string; readonly port?: number };
  destination: { readonly id: string };
  cloneMessage: boolean;
}

export interface CompleteEvent {
  readonly msg: NodeMessage;
  readonly node: { readonly id: string };
  readonly error?: Error;
}

/** A message that a node receives or has received. */
export interface ReceiveEvent {
  readonly msg: NodeMessage;
  readonly destination: { readonly id: string; readonly node?: object };
}

/** Node-RED's messaging hooks, in the order in which a message passes them; `has` tells whether the label is taken. */
export interface RedHooks {
  add(name: `preRoute.${string}` | `preDeliver.${string}`, handler: (event: SendEvent) => void): void;
  add(name: `onReceive.${string}` | `postReceive.${string}`, handler: (event: ReceiveEvent) => void): void;
  add(name: `onComplete.${string}`, handler: (event: CompleteEvent) => void): void;
  has(name: string): boolean;
  remove(name: string): void;
}

export interface Red {
  readonly nodes: {
    createNode(node: RedNode, config: Readonly<Record<string, unknown>>): void;
    registerType(
      type: string,
      construct: (this: RedNode, config: Record<string, unknown>) => void,
      options?: { credentials?: Record<string, { type: "text" | "password" }> },
    ): void;
    getNode(id: string): RedNode | null;
  };
  readonly httpAdmin: {
    get(path: string, ...handlers: (AdminMiddleware | AdminHandler)[]): void;
    post(path: string, ...handlers: (AdminMiddleware | AdminHandler)[]): void;
  };
  readonly auth: { needsPermission(permission: string): AdminMiddleware };
  readonly settings: Readonly<Record<string, unknown>> & { readonly userDir?: string };
  readonly hooks?: RedHooks;
  readonly util: { cloneMessage<T>(message: T): T; generateId(): string };
  readonly plugins: { registerPlugin(id: string, definition: Record<string, unknown>): void };
  readonly log: { warn(message: string): void };
  version(): string;
}
