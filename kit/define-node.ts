import { type Reading, type Refusal, readingsFromMessage } from "../lib/reading";
import { ConfigError, NodeContext, PROBLEM, SERVICE, type ServiceNode, USERS } from "./context";
import { installFork } from "./fork";
import { InputQueue } from "./input-queue";
import { Metrics, metricsOfNodes } from "./metrics";
import { type ConfigOf, migrate, type NodeSchema } from "./node-schema";
import { markAnswers, type Outputs, toMessages } from "./outputs";
import type { AdminRequest, AdminResponse, Done, NodeMessage, Red, RedNode, Send } from "./red";
import { Status } from "./status";
import { parseConfig } from "./validate";

/** Refuses one reading or message part: it is counted and reported as a catchable error, the rest goes on. */
export type Refuse = (input: unknown, reason: string) => void;

type Result = Outputs | Promise<Outputs>;

/** What a node does. All parts are optional; a node without inputs has only `start` and `close`. */
export interface Behaviour {
  /** Once, after the constructor. Messages wait for it. When it fails the node is red and refuses its messages. */
  start?(): void | Promise<void>;
  /** A batch of checked readings from a message's payload. What it returns is sent with the message's other properties. */
  readings?(batch: readonly Reading[], msg: NodeMessage, refuse: Refuse): Result;
  /** Instead of `readings`, for nodes whose input is something else. */
  input?(msg: NodeMessage, refuse: Refuse): Result;
  /** For nodes with both: true for the messages that `input` takes; the others hold readings. */
  isInput?(msg: NodeMessage): boolean;
  /** By `msg.command`; each is declared in the schema. */
  commands?: Readonly<Record<string, (msg: NodeMessage) => Result>>;
  /** How many messages may be in work at once; 1, the default, keeps their order. */
  readonly inFlight?: number;
  /** What other nodes get by linking to this one. Config nodes have one. */
  readonly service?: unknown;
  /** `removed` says that the node was deleted or disabled, not merely restarted. */
  close?(removed: boolean): void | Promise<void>;
}

/** An answer that is no JSON, with its content type. */
export class TextAnswer {
  constructor(
    readonly contentType: string,
    readonly body: string,
  ) {}
}

export interface AdminRoute {
  readonly method: "get" | "post";
  /** Returns what is sent as JSON, or a TextAnswer. GET handlers change nothing. `service` is the node's. */
  handle(service: unknown, request: AdminRequest): unknown;
}

export interface NodeOptions {
  /** Served at /gatewise/<name>/<node id>/<route name>, GET by gatewise.read, POST by gatewise.write. */
  readonly routes?: Readonly<Record<string, AdminRoute>>;
}

/** Node-RED gives a node 15 s to close; ours are given up on earlier, so that a redeploy never hangs. */
const CLOSE_DEADLINE_MS = 10_000;

/** Readings listed in a refusal's error; the count is always complete. */
const MAX_LISTED = 100;

/** Part of a message was refused. `refused` lists at most 100 inputs with their reasons. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
  readonly refused: readonly Refusal[];
  constructor(refused: readonly Refusal[], total: number) {
    const first = refused[0]?.reason ?? "unknown reason";
    const more = refused.length > 1 ? `; and ${refused.length - 1} more` : "";
    super(total > 1 ? `${refused.length} of ${total} refused: ${first}${more}` : `refused: ${first}${more}`);
    this.refused = refused.slice(0, MAX_LISTED);
  }
}

/** What a node's module exports: Node-RED calls it with the runtime. */
export type NodeModule = (red: Red) => void;

/**
 * Makes a Node-RED node of a schema and a behaviour. The kit owns what every node needs and gets wrong: configuration,
 * errors, `done`, order, status, metrics and close. `behave` only wires; it may throw ConfigError.
 */
export function defineNode<const N extends NodeSchema>(
  schema: N,
  behave: (context: NodeContext<N>) => Behaviour,
  options: NodeOptions = {},
): NodeModule {
  return (red) => {
    installFork(red);
    function GatewiseNode(this: RedNode, stored: Record<string, unknown>): void {
      red.nodes.createNode(this, stored);
      new RunningNode(red, this, schema, behave).run(stored);
    }
    const credentials = Object.entries(schema.credentials).map(
      ([name, spec]) => [name, { type: spec.shown ? "text" : "password" }] as const,
    );
    red.nodes.registerType(schema.type, GatewiseNode, { credentials: Object.fromEntries(credentials) });
    for (const [name, route] of Object.entries(options.routes ?? {})) serve(red, schema, name, route);
  };
}

class RunningNode<N extends NodeSchema> {
  readonly #status: Status;
  readonly #metrics = new Metrics();
  #behaviour: Behaviour = {};
  #context: NodeContext<N> | undefined;
  #queue = new InputQueue();
  #problem: string | undefined;

  constructor(
    private readonly red: Red,
    private readonly node: RedNode,
    private readonly schema: N,
    private readonly behave: (context: NodeContext<N>) => Behaviour,
  ) {
    this.#status = new Status(node);
  }

  run(stored: Record<string, unknown>): void {
    metricsOfNodes.enter(this.node.id, {
      type: this.schema.type,
      name: this.node.name || this.schema.label,
      metrics: this.#metrics,
    });
    if (this.schema.inputs === 1) this.node.on("input", (msg, send, done) => this.#receive(msg, send, once(done)));
    this.node.on("close", (removed, done) => void this.#close(removed).then(done));
    try {
      this.#wire(stored);
      this.#start();
    } catch (error) {
      this.#break(error);
    }
  }

  #wire(stored: Record<string, unknown>): void {
    const { values, problems } = parseConfig(this.schema.config, migrate(this.schema, stored));
    const [first] = problems;
    if (first) throw new ConfigError(`${first.field}: ${first.message}`);
    const config = values as ConfigOf<N>;
    const { red, node, schema } = this;
    this.#context = new NodeContext(red, node, schema, config, this.#status, this.#metrics, Object.keys(stored));
    this.#behaviour = this.behave(this.#context);
    this.#queue = new InputQueue(this.#behaviour.inFlight ?? 1);
    if (this.#behaviour.service !== undefined) (this.node as ServiceNode)[SERVICE] = this.#behaviour.service;
  }

  #start(): void {
    const started = this.#behaviour.start?.();
    if (!(started instanceof Promise)) return;
    const settled = started.catch((error) => this.#break(error));
    // Messages that arrive before the node has started wait behind it, in their order.
    for (let slot = 0; slot < this.#queue.limit; slot += 1) this.#queue.add(() => settled);
  }

  /** The node stays, red, and refuses its messages with the reason: one bad node never ends the gateway. */
  #break(error: unknown): void {
    this.#problem = messageOf(error);
    (this.node as ServiceNode)[PROBLEM] = `${this.schema.label} "${this.node.name || this.node.id}": ${this.#problem}`;
    delete (this.node as ServiceNode)[SERVICE];
    this.#metrics.errors += 1;
    this.#status.error(this.#problem);
    this.node.error(this.#problem, {});
  }

  #receive(msg: NodeMessage, send: Send, done: Done): void {
    this.#metrics.messages += 1;
    if (!this.#queue.add(() => this.#process(msg, send, done))) {
      this.#metrics.refused += 1;
      done(new Error(`refused: ${this.#queue.maxWaiting} messages wait already, the node cannot keep up`));
    }
  }

  #process(msg: NodeMessage, send: Send, done: Done): void | Promise<void> {
    const began = performance.now();
    const refused: Refusal[] = [];
    let total = 1;
    const command = this.#commandOf(msg);
    const finish = (outputs: Outputs): void => {
      const outgoing = toMessages(outputs, msg);
      if (command !== undefined) markAnswers(outgoing, command);
      this.#metrics.out += outgoing.readings;
      this.#metrics.took(performance.now() - began);
      if (outgoing.messages) send(outgoing.messages);
      this.#metrics.refused += refused.length;
      done(refused.length > 0 ? new RefusedError(refused, total) : undefined);
    };
    try {
      if (this.#problem !== undefined) throw new ConfigError(this.#problem);
      const refuse: Refuse = (input, reason) => void refused.push({ input, reason });
      const result = this.#dispatch(msg, refuse, (count) => {
        total = count;
      });
      if (result instanceof Promise) return result.then(finish).catch((error) => this.#failed(error, done));
      finish(result);
    } catch (error) {
      this.#failed(error, done);
    }
  }

  #failed(error: unknown, done: Done): void {
    this.#metrics.errors += 1;
    done(error instanceof Error ? error : new Error(messageOf(error)));
  }

  #commandOf(msg: NodeMessage): string | undefined {
    return this.#behaviour.commands && typeof msg.command === "string" ? msg.command : undefined;
  }

  #obey(name: string, msg: NodeMessage): Result {
    const commands = this.#behaviour.commands ?? {};
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (command) return command.call(commands, msg);
    throw new Error(`msg.command: expected one of ${Object.keys(commands).join(", ")}, got "${name}"`);
  }

  #dispatch(msg: NodeMessage, refuse: Refuse, onTotal: (count: number) => void): Result {
    const { input, readings } = this.#behaviour;
    const command = this.#commandOf(msg);
    if (command !== undefined) return this.#obey(command, msg);
    if (input && (!readings || this.#behaviour.isInput?.(msg))) return input.call(this.#behaviour, msg, refuse);
    if (!readings) return undefined;
    const intake = readingsFromMessage(msg, Date.now());
    const total = intake.readings.length + intake.refused.length;
    onTotal(total);
    this.#metrics.in += total;
    for (const refusal of intake.refused) refuse(refusal.input, refusal.reason);
    return intake.readings.length > 0 ? readings.call(this.#behaviour, intake.readings, msg, refuse) : undefined;
  }

  async #close(removed: boolean): Promise<void> {
    metricsOfNodes.leave(this.node.id, this.#metrics);
    const work = this.#closeInOrder(removed);
    if (this.#context) this.#context.closing = work;
    await withDeadline(work, CLOSE_DEADLINE_MS, () =>
      this.node.warn(`did not close within ${CLOSE_DEADLINE_MS / 1000} s; going on without it`),
    );
    this.#status.close();
  }

  /** Users of this node's service first, then the behaviour, then what the context opened for it. */
  async #closeInOrder(removed: boolean): Promise<void> {
    // Node-RED begins to close all nodes in one go: only after that is it known which users close too.
    await Promise.resolve();
    const users = [...((this.node as ServiceNode)[USERS] ?? [])];
    await Promise.allSettled(users.map((user) => user.closing));
    delete (this.node as ServiceNode)[SERVICE];
    try {
      await this.#behaviour.close?.(removed);
    } catch (error) {
      this.node.warn(`close: ${messageOf(error)}`);
    }
    await this.#context?.close();
  }
}

async function withDeadline(work: Promise<void>, ms: number, onLate: () => void): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      onLate();
      resolve();
    }, ms);
  });
  await Promise.race([work, deadline]);
  clearTimeout(timer);
}

function serve(red: Red, schema: NodeSchema, name: string, route: AdminRoute): void {
  const path = `/gatewise/${schema.name}/:id/${name}`;
  const permission = route.method === "get" ? "gatewise.read" : "gatewise.write";
  red.httpAdmin[route.method](
    path,
    red.auth.needsPermission(permission),
    (request: AdminRequest, response: AdminResponse) => void answer(red, schema, route, request, response),
  );
}

async function answer(
  red: Red,
  schema: NodeSchema,
  route: AdminRoute,
  request: AdminRequest,
  response: AdminResponse,
): Promise<void> {
  try {
    const node = red.nodes.getNode(request.params.id ?? "") as ServiceNode | null;
    const service = node?.type === schema.type ? node[SERVICE] : undefined;
    if (service === undefined) {
      response.status(404).json({ error: node?.[PROBLEM] ?? `no deployed ${schema.label} has this id: deploy first` });
      return;
    }
    const result = await route.handle(service, request);
    if (result instanceof TextAnswer) response.set("Content-Type", result.contentType).send(result.body);
    else response.json(result);
  } catch (error) {
    // Our errors about what was asked for say so by their code; anything else is our own failure.
    const asked = error instanceof Error && "code" in error && error.code === "invalid";
    response.status(asked ? 400 : 500).json({ error: messageOf(error) });
  }
}

function once(done: Done): Done {
  let called = false;
  return (error) => {
    if (called) return;
    called = true;
    done(error);
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
