import type { CompleteEvent, NodeMessage, ReceiveEvent, Red, SendEvent } from "./red";

const LABEL = "gatewise-flow-control";
const HOOKS = [`preDeliver.${LABEL}`, `onReceive.${LABEL}`, `postReceive.${LABEL}`, `onComplete.${LABEL}`] as const;
/** How often time limits are looked at, ms. */
const SWEEP_MS = 500;

export interface FlowOutcome {
  /** Errors that nodes reported for the message. */
  readonly errors: number;
  /** Ids of the nodes that had not finished at the time limit; empty when all had. */
  readonly unfinished: readonly string[];
}

export interface TrackOptions {
  /** After this many ms the message is given up; 0 waits for ever. */
  readonly limitMs: number;
  /** Nodes that were late are not waited for again: for who would rather go on than know. */
  readonly forgiving: boolean;
  /** Called once. Must not throw. */
  readonly onFinished: (outcome: FlowOutcome) => void;
}

/** One user's view of a flow control. */
export interface FlowWatch {
  /** Calls `send` and follows what it sends, which must be `msg`, through the flow. */
  track(msg: NodeMessage, send: () => void, options: TrackOptions): void;
  /** Forgets what is under way: nobody is told of it any more. */
  close(): void;
}

/**
 * Knows when a flow has finished with a message: when every node that it reached, by any branch, has called `done`. It
 * counts by Node-RED's messaging hooks and the message's id, which copies and successors keep. A node that takes no `done`
 * has finished when its handler returns; one that takes it and was late once may be taken for such a node from then on.
 */
export class FlowControl {
  readonly #tracked = new Map<string, Tracked>();
  /** Nodes that were late: they would fill the flow again and again. */
  readonly #unreliable = new Set<string>();
  readonly #users = new Set<FlowWatch>();
  #sweeper: NodeJS.Timeout | undefined;

  constructor(
    private readonly red: Red,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** False on a runtime without messaging hooks: then messages finish at once. */
  get works(): boolean {
    return this.red.hooks !== undefined;
  }

  /** Starts watching for one user; the hooks are there while there is a user. */
  open(): FlowWatch {
    const watch: FlowWatch = {
      track: (msg, send, options) => this.#track(watch, msg, send, options),
      close: () => this.#leave(watch),
    };
    this.#users.add(watch);
    this.#install();
    return watch;
  }

  #leave(watch: FlowWatch): void {
    for (const [id, { owner }] of this.#tracked) if (owner === watch) this.#tracked.delete(id);
    if (this.#users.delete(watch) && this.#users.size === 0) this.#uninstall();
  }

  #track(owner: FlowWatch, msg: NodeMessage, send: () => void, options: TrackOptions): void {
    const id = msg._msgid ?? this.red.util.generateId();
    msg._msgid = id;
    const tracked = new Tracked(owner, options, this.now());
    this.#tracked.set(id, tracked);
    try {
      send();
    } finally {
      tracked.sent = true;
      this.#settle(id, tracked);
    }
  }

  #install(): void {
    const { hooks } = this.red;
    if (!hooks) return;
    // After a runtime was stopped and started in the same process the labels are free again.
    if (hooks.has(HOOKS[0])) return;
    hooks.add(HOOKS[0], (event: SendEvent) => this.#onDeliver(event));
    hooks.add(HOOKS[1], (event: ReceiveEvent) => this.#onReceive(event));
    hooks.add(HOOKS[2], (event: ReceiveEvent) => this.#onReceived(event));
    hooks.add(HOOKS[3], (event: CompleteEvent) => this.#onComplete(event));
    clearInterval(this.#sweeper);
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS);
    this.#sweeper.unref();
  }

  #uninstall(): void {
    clearInterval(this.#sweeper);
    this.#tracked.clear();
    this.#unreliable.clear();
    for (const hook of HOOKS) if (this.red.hooks?.has(hook)) this.red.hooks.remove(hook);
  }

  #of(msg: NodeMessage): Tracked | undefined {
    return this.#tracked.size > 0 && msg._msgid !== undefined ? this.#tracked.get(msg._msgid) : undefined;
  }

  #onDeliver({ msg, destination }: SendEvent): void {
    this.#of(msg)?.underWay.push(destination.id);
  }

  /** Link nodes receive without being sent to, so that a message may arrive that was not under way. */
  #onReceive({ msg, destination }: ReceiveEvent): void {
    const tracked = this.#of(msg);
    if (!tracked) return;
    remove(tracked.underWay, destination.id);
    tracked.working.push(destination.id);
  }

  #onReceived({ msg, destination }: ReceiveEvent): void {
    const tracked = this.#of(msg);
    if (!tracked) return;
    const { _expectedDoneCount: expected } = (destination.node ?? {}) as { _expectedDoneCount?: number };
    const ignored = tracked.options.forgiving && this.#unreliable.has(destination.id);
    if (expected === 0 || ignored) this.#finish(msg, tracked, destination.id);
  }

  #onComplete({ msg, node, error }: CompleteEvent): void {
    const tracked = this.#of(msg);
    if (!tracked) return;
    if (error) tracked.errors += 1;
    this.#finish(msg, tracked, node.id);
  }

  #finish(msg: NodeMessage, tracked: Tracked, nodeId: string): void {
    if (remove(tracked.working, nodeId)) this.#settle(msg._msgid as string, tracked);
  }

  #settle(id: string, tracked: Tracked): void {
    if (!tracked.sent || tracked.underWay.length > 0 || tracked.working.length > 0) return;
    if (!this.#tracked.delete(id)) return;
    tracked.options.onFinished({ errors: tracked.errors, unfinished: [] });
  }

  #sweep(): void {
    const now = this.now();
    for (const [id, tracked] of this.#tracked) {
      const { limitMs, forgiving, onFinished } = tracked.options;
      if (limitMs === 0 || now - tracked.since < limitMs) continue;
      this.#tracked.delete(id);
      const unfinished = [...new Set([...tracked.working, ...tracked.underWay])];
      if (forgiving) for (const node of tracked.working) this.#unreliable.add(node);
      onFinished({ errors: tracked.errors, unfinished });
    }
  }
}

class Tracked {
  /** Set when the node that began has sent to all its wires. */
  sent = false;
  errors = 0;
  /** Ids of the nodes that the message was sent to and that have not received it. */
  readonly underWay: string[] = [];
  /** Ids of the nodes that have received it and have not finished. */
  readonly working: string[] = [];

  constructor(
    readonly owner: FlowWatch,
    readonly options: TrackOptions,
    readonly since: number,
  ) {}
}

/** Removes one occurrence; the lists hold a handful, and their order means nothing. */
function remove(ids: string[], id: string): boolean {
  const index = ids.indexOf(id);
  if (index < 0) return false;
  const last = ids.pop() as string;
  if (index < ids.length) ids[index] = last;
  return true;
}

const controls = new WeakMap<object, FlowControl>();

/** The flow control of a runtime: one for all nodes, because the hooks are one for all. */
export function flowControlOf(red: Red): FlowControl {
  const key = red.hooks ?? red;
  let control = controls.get(key);
  if (!control) {
    control = new FlowControl(red);
    controls.set(key, control);
  }
  return control;
}
