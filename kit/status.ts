import type { RedNode, RedNodeStatus } from "./red";

/** Fastest rate of changes that the editor is told of: a status per message would drown the editor and the log. */
const MIN_INTERVAL_MS = 500;
/** How long a remark is shown beside what else there is to say. */
const REMARK_MS = 10 * 60_000;

/**
 * A node's status line: green works, blue is on its way, yellow works with a doubt or has found what somebody should look after, red does not work, grey is idle.
 * Sent only on change and at most twice a second; the latest always arrives.
 */
export class Status {
  #shown = "";
  #waiting: RedNodeStatus | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lastSent = Number.NEGATIVE_INFINITY;
  #remark: { readonly text: string; readonly until: number } | undefined;

  constructor(
    private readonly node: Pick<RedNode, "status">,
    private readonly now: () => number = () => performance.now(),
  ) {}

  ok(text: string): void {
    this.#show(this.#remarked({ fill: "green", shape: "dot", text }));
  }

  busy(text: string): void {
    this.#show({ fill: "blue", shape: "ring", text });
  }

  warn(text: string): void {
    this.#show({ fill: "yellow", shape: "dot", text });
  }

  error(text: string): void {
    this.#show({ fill: "red", shape: "dot", text });
  }

  idle(text: string): void {
    this.#show(this.#remarked({ fill: "grey", shape: "ring", text }));
  }

  /** Something that whoever deployed the node should see: for ten minutes what is well is shown as a doubt, with this. */
  remark(text: string): void {
    this.#remark = { text, until: this.now() + REMARK_MS };
  }

  #remarked(status: RedNodeStatus): RedNodeStatus {
    const remark = this.#remark;
    if (!remark) return status;
    if (this.now() < remark.until) return { fill: "yellow", shape: "dot", text: `${remark.text}; ${status.text}` };
    this.#remark = undefined;
    return status;
  }

  /** Forgets what waits: a closed node must not write a status over its successor's. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting = undefined;
  }

  #show(status: RedNodeStatus): void {
    this.#waiting = status;
    if (this.#timer) return;
    const rest = this.#lastSent + MIN_INTERVAL_MS - this.now();
    if (rest <= 0) {
      this.#send();
      return;
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#send();
    }, rest);
    this.#timer.unref();
  }

  #send(): void {
    const status = this.#waiting;
    this.#waiting = undefined;
    if (!status) return;
    const key = `${status.fill}|${status.shape}|${status.text}`;
    if (key === this.#shown) return;
    this.#shown = key;
    this.#lastSent = this.now();
    this.node.status({ ...status, text: (status.text ?? "").slice(0, 120) });
  }
}
