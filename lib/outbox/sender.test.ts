import { afterEach, describe, expect, it } from "vitest";
import { IN_MEMORY, openStore, type Store } from "../store";
import { GroupCommit } from "./group-commit";
import { type Entry, Outbox, type OutboxLimits } from "./outbox";
import { Sender, type SenderOptions, type SenderState } from "./sender";
import { WriteError } from "./write-error";

/** A clock and timers that move only when told to. */
class World {
  time = 1000;
  timers: { at: number; work: () => void }[] = [];
  readonly states: SenderState[] = [];
  readonly errors: unknown[] = [];
  readonly written: string[] = [];
  readonly requests: string[] = [];
  readonly store: Store = openStore(IN_MEMORY);
  readonly outbox: Outbox;
  readonly sender: Sender;
  /** What the target does with the next writes; then it confirms. */
  answers: (Error | Promise<void> | undefined)[] = [];

  constructor(options: Partial<SenderOptions> = {}, limits: Partial<OutboxLimits> = {}) {
    this.outbox = new Outbox(
      this.store,
      "node",
      { maxReadings: 1000, maxBytes: 1e6, whenFull: "drop-oldest", ...limits },
      () => this.time,
    );
    const write = async (lines: string): Promise<void> => {
      this.requests.push(lines);
      const answer = this.answers.shift();
      if (answer instanceof Error) throw answer;
      await answer;
      this.written.push(lines);
    };
    const hooks = {
      now: () => this.time,
      random: () => 0,
      after: (ms: number, work: () => void) => {
        const timer = { at: this.time + ms, work };
        this.timers.push(timer);
        return () => void this.timers.splice(this.timers.indexOf(timer) >>> 0, 1);
      },
      onState: (state: SenderState) => void this.states.push(state),
      onError: (error: unknown) => void this.errors.push(error),
    };
    this.sender = new Sender(this.outbox, write, { batchReadings: 3, batchMs: 100, ...options }, hooks);
    worlds.push(this);
  }

  append(...lines: string[]): void {
    this.outbox.append(lines.map((line) => ({ lines: `${line}\n`, count: 1 })));
    this.sender.wake();
  }

  /** Lets promises settle: every step of the sender is one of a few microtasks. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  async pass(ms: number): Promise<void> {
    const until = this.time + ms;
    for (;;) {
      const next = this.timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.time = Math.max(this.time, next.at);
      this.timers.splice(this.timers.indexOf(next), 1);
      next.work();
      await this.settle();
    }
    this.time = until;
  }
}

const worlds: World[] = [];

afterEach(async () => {
  for (const world of worlds.splice(0)) {
    await world.sender.close();
    world.store.close();
  }
});

const unreachable = (retryAfterMs?: number): WriteError =>
  new WriteError("unreachable", "connection refused", { retryAfterMs });

describe("Sender", () => {
  it("waits for a full batch or the batch time, whichever comes first", async () => {
    const world = new World();
    world.append("a");
    await world.pass(99);
    expect(world.requests).toEqual([]);
    await world.pass(1);
    expect(world.requests).toEqual(["a\n"]);
    world.append("b", "c", "d", "e");
    await world.settle();
    expect(world.requests).toEqual(["a\n", "b\nc\nd\n"]);
    await world.pass(100);
    expect(world.written).toEqual(["a\n", "b\nc\nd\n", "e\n"]);
    expect(world.sender.lastWrittenAt).toBe(world.time);
  });

  it("has one write under way and keeps the order", async () => {
    const world = new World();
    let release: () => void = () => undefined;
    world.answers = [new Promise<void>((resolve) => (release = resolve))];
    world.append("a", "b", "c");
    world.append("d", "e", "f");
    await world.settle();
    expect(world.requests).toEqual(["a\nb\nc\n"]);
    release();
    await world.settle();
    expect(world.written).toEqual(["a\nb\nc\n", "d\ne\nf\n"]);
  });

  it("tries again ever more slowly while the target is away, then goes on", async () => {
    const world = new World({ retry: { baseMs: 1000, capMs: 3000 } });
    world.answers = [unreachable(), unreachable(), unreachable(), unreachable()];
    world.append("a", "b", "c");
    await world.settle();
    const attempts: number[] = [];
    const began = world.time;
    for (let ms = 0; ms < 6000; ms += 50) {
      const before = world.requests.length;
      await world.pass(50);
      if (world.requests.length > before) attempts.push(world.time - began);
    }
    // Equal jitter with random() = 0: half of 1000, 2000, 3000 (the cap), 3000.
    expect(attempts).toEqual([500, 1500, 3000, 4500]);
    expect(world.written).toEqual(["a\nb\nc\n"]);
    expect(world.states.map(({ kind }) => kind)).toEqual(["retrying", "retrying", "retrying", "retrying", "ok"]);
    expect(world.outbox.counts()).toMatchObject({ written: 3, waiting: 0, dropped: 0 });
  });

  it("is not hurried by new readings while the target is away", async () => {
    const world = new World({ retry: { baseMs: 1000, capMs: 1000 } });
    world.answers = [unreachable()];
    world.append("a", "b", "c");
    await world.settle();
    world.append("d", "e", "f");
    await world.settle();
    expect(world.requests).toHaveLength(1);
  });

  it("waits as long as an overloaded server asks", async () => {
    const world = new World();
    world.answers = [unreachable(20_000)];
    world.append("a", "b", "c");
    await world.settle();
    await world.pass(19_999);
    expect(world.requests).toHaveLength(1);
    await world.pass(1);
    expect(world.written).toHaveLength(1);
  });

  it("keeps everything and asks rarely while it is denied", async () => {
    const world = new World({ deniedRetryMs: 60_000 });
    world.answers = [new WriteError("denied", "refuses the login (401)"), new WriteError("denied", "again")];
    world.append("a", "b", "c");
    await world.settle();
    expect(world.sender.state).toEqual({
      kind: "denied",
      problem: "refuses the login (401)",
      nextAttemptAt: world.time + 60_000,
    });
    await world.pass(59_999);
    expect(world.requests).toHaveLength(1);
    await world.pass(1 + 60_000);
    expect(world.written).toEqual(["a\nb\nc\n"]);
    expect(world.sender.state.kind).toBe("ok");
  });

  it("lets the policy drop what could not be sent", async () => {
    const world = new World({}, { maxReadings: 3 });
    world.answers = [unreachable()];
    world.append("a", "b", "c");
    await world.settle();
    world.append("d");
    await world.pass(60_000);
    expect(world.written).toEqual(["b\nc\nd\n"]);
    expect(world.outbox.counts()).toMatchObject({ accepted: 4, written: 3, droppedOldest: 1 });
  });

  it("sets rejected points aside and writes the others", async () => {
    const world = new World();
    world.answers = [new WriteError("points", "type conflict", { rejected: [{ index: 1, reason: "not a float" }] })];
    world.append("a", "b", "c");
    await world.settle();
    expect(world.written).toEqual(["a\nc\n"]);
    expect(world.outbox.letters()).toMatchObject([{ line: "b", reason: "not a float" }]);
  });

  it("flushes at once, even while it waits for the next attempt, and tells the outcome", async () => {
    const world = new World();
    world.append("a");
    await world.sender.flush();
    expect(world.written).toEqual(["a\n"]);
    world.answers = [unreachable(), unreachable()];
    world.append("b", "c", "d");
    await world.settle();
    await expect(world.sender.flush()).rejects.toThrow("connection refused");
    await world.sender.flush();
    expect(world.written).toEqual(["a\n", "b\nc\nd\n"]);
    await world.sender.flush();
  });

  it("waits for the confirmation of a write under way when it closes, and writes nothing after", async () => {
    const world = new World();
    let release: () => void = () => undefined;
    world.answers = [new Promise<void>((resolve) => (release = resolve))];
    world.append("a", "b", "c", "d", "e", "f");
    await world.settle();
    const closing = world.sender.close();
    release();
    await closing;
    expect(world.outbox.counts()).toMatchObject({ written: 3, waiting: 3 });
    expect(world.requests).toHaveLength(1);
    expect(world.timers).toEqual([]);
    await expect(world.sender.flush()).rejects.toThrow("closed");
  });

  it("reports a failing disk and tries again later instead of spinning", async () => {
    const world = new World();
    const db = world.store.component("probe", []);
    world.append("a", "b", "c");
    db.exec("PRAGMA query_only=ON");
    await world.settle();
    expect(world.errors).toHaveLength(1);
    world.sender.wake();
    await world.settle();
    expect(world.requests).toHaveLength(1);
    db.exec("PRAGMA query_only=OFF");
    await world.pass(60_000);
    expect(world.outbox.counts()).toMatchObject({ written: 3, waiting: 0 });
  });
});

describe("GroupCommit", () => {
  it("commits what comes in one turn together and tells each its outcome", async () => {
    const world = new World({}, { maxReadings: 2, whenFull: "refuse-newest" });
    let commits = 0;
    const commit = new GroupCommit(
      (entries: readonly Entry[]) => world.outbox.append(entries),
      () => {
        commits += 1;
      },
    );
    const outcomes = await Promise.allSettled(
      ["a", "b", "c"].map((line) => commit.append({ lines: `${line}\n`, count: 1 })),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected"]);
    expect(commits).toBe(1);
    expect(world.outbox.take(9, 1e6)?.lines).toBe("a\nb\n");
  });

  it("rejects all of them when the disk refuses", async () => {
    const world = new World();
    const commit = new GroupCommit((entries: readonly Entry[]) => world.outbox.append(entries));
    world.store.component("probe", []).exec("PRAGMA query_only=ON");
    await expect(commit.append({ lines: "a\n", count: 1 })).rejects.toThrow(/readonly|read-only/i);
    world.store.component("probe", []).exec("PRAGMA query_only=OFF");
    expect(world.outbox.counts().accepted).toBe(0);
  });
});
