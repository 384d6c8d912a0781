import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { coordinatorAt, OPTIONS, PLAN, partsAt, UNITS } from "../../test/support/federation";
import { gaussian } from "../../test/support/series";
import { IN_MEMORY, openStore } from "../store";
import { Coordinator, type Intake } from "./coordinator";
import type { CoordinatorOptions } from "./coordinator-options";
import { encodeFrame } from "./frame";
import { encodeUpdate, fingerprintOf, type Update } from "./messages";
import { coordinatorStore } from "./persistence";

const PARAMETERS = 3;

function updateFor(coordinator: Coordinator, client: string, over: Partial<Update> = {}): Update {
  const { session, round, parameters } = coordinator.state;
  const moments = { rows: 10, mean: [1, 2, 3], deviation: [1, 1, 1] };
  const training = coordinator.state.task === "train";
  return {
    ...{ session, round, client, rows: 10, units: UNITS, base: fingerprintOf(parameters) },
    ...(training ? { delta: Float32Array.of(1, 2, 3) } : { delta: new Float32Array(0), moments }),
    ...over,
  };
}

const send = (coordinator: Coordinator, client: string, over: Partial<Update> = {}): Intake =>
  coordinator.receive(client, encodeUpdate(updateFor(coordinator, client, over)));
const reasonOf = (intake: Intake): string => ("reason" in intake ? `${intake.kind}: ${intake.reason}` : intake.kind);

describe("a coordinator", () => {
  it("takes the weighted mean of the deltas into the shared model at the round's end", () => {
    const clock = { now: 0 };
    const coordinator = coordinatorAt(clock, { maxRows: 300 });
    send(coordinator, "a", { rows: 100, delta: Float32Array.of(1, 0, -4), before: 4, after: 1 });
    send(coordinator, "b", { rows: 1e9, delta: Float32Array.of(5, 8, 0), before: 8, after: 5 });
    expect(coordinator.tick()).toBeUndefined();
    clock.now = OPTIONS.roundMs;
    // b's rows count to 300: three quarters of the weight.
    expect(coordinator.tick()).toMatchObject({
      ...{ round: 1, task: "train", clients: ["a", "b"], rows: 400 },
      ...{ lossBefore: Math.sqrt(7), lossAfter: 2, parameters: Float32Array.of(4, 6, -1) },
    });
    expect(coordinator.announcement).toMatchObject({ round: 2, parameters: Float32Array.of(4, 6, -1) });
  });

  describe("with units", () => {
    const fahrenheit = { units: ["%", "Hz", "[degF]"] };

    it("takes those of most clients for those of the federation, and leaves the others out, also after a restart", () => {
      const clock = { now: 0 };
      const told: string[] = [];
      const store = openStore(IN_MEMORY);
      const kept = () => coordinatorStore(store, "n", OPTIONS);
      const parts = () => ({ ...partsAt(clock, kept()), onProblem: (text: string) => told.push(text) });
      const coordinator = new Coordinator(OPTIONS, parts());
      send(coordinator, "east", { ...fahrenheit, delta: Float32Array.of(9, 9, 9) });
      send(coordinator, "north");
      send(coordinator, "west");
      expect(coordinator.announcement?.units).toEqual(["", "", ""]);
      clock.now = OPTIONS.roundMs;
      expect(coordinator.tick()).toMatchObject({ clients: ["north", "west"], parameters: Float32Array.of(1, 2, 3) });
      expect(told).toEqual([
        "east is left out: temperature is in [degF], expected Cel; its readings have to be converted before",
      ]);
      const again = new Coordinator(OPTIONS, parts());
      expect(again.announcement?.units).toEqual(UNITS);
      expect(reasonOf(send(again, "east", fahrenheit))).toBe(
        "refused: temperature is in [degF], expected Cel; its readings have to be converted before",
      );
      expect(reasonOf(send(again, "east"))).toBe("accepted");
      again.reset();
      expect(again.announcement?.units).toEqual(["", "", ""]);
      store.close();
    });

    it("keeps the round open when too few are left", () => {
      const clock = { now: 0 };
      const coordinator = coordinatorAt(clock, { enoughClients: 2 });
      send(coordinator, "a", { units: ["%", "", "Cel"] });
      send(coordinator, "b", fahrenheit);
      expect(coordinator.tick()).toBeUndefined();
      expect(coordinator.clients).toEqual(["a"]);
      expect(coordinator.announcement).toMatchObject({ round: 1, units: ["%", "Hz", "Cel"] });
      expect(reasonOf(send(coordinator, "b", fahrenheit))).toMatch(/^refused: temperature is in \[degF\]/);
      send(coordinator, "c");
      expect(coordinator.tick()).toMatchObject({ round: 1, clients: ["a", "c"] });
    });

    it("does not go by the first client while it is alone", () => {
      const clock = { now: 0 };
      const coordinator = coordinatorAt(clock);
      send(coordinator, "east", fahrenheit);
      clock.now = OPTIONS.roundMs;
      expect(coordinator.tick()).toBeUndefined();
      expect(coordinator.announcement?.units).toEqual(["", "", ""]);
      send(coordinator, "north");
      send(coordinator, "west");
      clock.now = 2 * OPTIONS.roundMs;
      expect(coordinator.tick()).toMatchObject({ clients: ["north", "west"] });
    });

    it("refuses others than were given from the start, and asks none of a yes or no", () => {
      const given = coordinatorAt({ now: 0 }, { units: ["", "", "[degF]"] });
      expect(given.announcement?.units).toEqual(["", "", "[degF]"]);
      expect(reasonOf(send(given, "a"))).toMatch(/^refused: temperature is in Cel, expected \[degF\]/);
      expect(reasonOf(send(given, "b", fahrenheit))).toBe("accepted");
      const yesNo = coordinatorAt({ now: 0 }, { plan: { ...PLAN, kind: "yesNo" }, enoughClients: 2 });
      send(yesNo, "a", { units: ["%", "Hz", "1"] });
      send(yesNo, "b", { units: ["%", "Hz", "Cel"] });
      expect(yesNo.tick()).toMatchObject({ clients: ["a", "b"] });
      expect(() => coordinatorAt({ now: 0 }, { units: ["Cel"] })).toThrow("units: expected 3, got 1");
    });

    it("measures the rows of those that agree only", () => {
      const coordinator = coordinatorAt({ now: 0 }, { ranges: undefined, enoughClients: 3, minClients: 2 });
      send(coordinator, "a");
      send(coordinator, "b", { ...fahrenheit, moments: { rows: 10, mean: [1, 2, 500], deviation: [1, 1, 90] } });
      send(coordinator, "c");
      expect(coordinator.tick()).toBeUndefined();
      expect(coordinator.closeNow()).toMatchObject({ task: "measure", clients: ["a", "c"] });
      expect(coordinator.state.scale?.mean).toEqual([1, 2, 3]);
    });

    it("takes those that do not tell any as they are", () => {
      const coordinator = coordinatorAt({ now: 0 }, { units: UNITS, enoughClients: 2 });
      send(coordinator, "a", { units: ["", "", ""] });
      send(coordinator, "b");
      expect(coordinator.tick()).toMatchObject({ clients: ["a", "b"] });
    });
  });

  it("ends a round early with enough updates, keeps a pause, and ends after the last round", () => {
    const clock = { now: 0 };
    const coordinator = coordinatorAt(clock, { enoughClients: 2, rounds: 2, pauseMs: 1000 });
    send(coordinator, "a");
    expect(coordinator.tick()).toBeUndefined();
    send(coordinator, "b");
    expect(coordinator.tick()?.round).toBe(1);
    expect(coordinator.announcement).toBeUndefined();
    clock.now = 1000;
    expect(coordinator.announcement?.round).toBe(2);
    send(coordinator, "a");
    send(coordinator, "b");
    expect(coordinator.tick()).toMatchObject({ round: 2, finished: "rounds" });
    expect(coordinator.announcement).toMatchObject({ task: "done", round: 2 });
    expect(reasonOf(send(coordinator, "a"))).toMatch(/late: round 2 is over, and no other follows/);
    expect(coordinator.tick()).toBeUndefined();
  });

  it("waits on with too few clients, keeps what has come, and takes one that comes back into a later round", () => {
    const clock = { now: 0 };
    const coordinator = coordinatorAt(clock);
    send(coordinator, "a");
    clock.now = OPTIONS.roundMs;
    expect(coordinator.tick()).toBeUndefined();
    expect(coordinator.state).toMatchObject({ round: 1, extended: 1, deadline: 2 * OPTIONS.roundMs });
    const straggler = updateFor(coordinator, "c");
    send(coordinator, "b");
    clock.now = 2 * OPTIONS.roundMs;
    expect(coordinator.tick()?.clients).toEqual(["a", "b"]);
    expect(reasonOf(coordinator.receive("c", encodeUpdate(straggler)))).toBe("late: round 1 is over, round 2 is open");
    expect(send(coordinator, "c").kind).toBe("accepted");
  });

  it("counts a client's update once, however often it comes", () => {
    const clock = { now: 0 };
    const coordinator = coordinatorAt(clock);
    expect(send(coordinator, "a").kind).toBe("accepted");
    expect(send(coordinator, "a").kind).toBe("duplicate");
    expect(send(coordinator, "a", { delta: Float32Array.of(9, 9, 9) }).kind).toBe("duplicate");
    send(coordinator, "b", { delta: Float32Array.of(3, 4, 5) });
    clock.now = OPTIONS.roundMs;
    expect(coordinator.tick()?.parameters).toEqual(Float32Array.of(2, 3, 4));
  });

  it("makes the same of the same updates in whatever order they arrive", () => {
    const noise = gaussian(1);
    const deltas = new Map(
      ["a", "b", "c", "d"].map((client) => [client, Float32Array.from([0, 0, 0], () => 0.3 * noise())]),
    );
    const order = fc.shuffledSubarray([...deltas.keys()], { minLength: 4 });
    const parametersAfter = (clients: readonly string[]): Float32Array => {
      const clock = { now: 0 };
      const coordinator = coordinatorAt(clock, { clip: 0.4 });
      for (const client of clients)
        send(coordinator, client, { delta: deltas.get(client), rows: client.charCodeAt(0) });
      clock.now = OPTIONS.roundMs;
      coordinator.tick();
      return coordinator.state.parameters;
    };
    const expected = parametersAfter([...deltas.keys()]);
    fc.assert(fc.property(order, (clients) => void expect(parametersAfter(clients)).toEqual(expected)));
  });

  it("makes the common scale of what the clients measure, when no ranges are declared", () => {
    const clock = { now: 0 };
    const coordinator = coordinatorAt(clock, { ranges: undefined });
    expect(coordinator.announcement).toMatchObject({ task: "measure", round: 0, parameters: new Float32Array(0) });
    // Of 0, 2 and of 10, 10, 10, 10, 10, 10: mean 7.75, population variance 15.4375 (numpy 2.4: mean and var).
    send(coordinator, "a", { moments: { rows: 2, mean: [1, 0, 0], deviation: [1, 0, 1] }, rows: 2 });
    send(coordinator, "b", { moments: { rows: 6, mean: [10, 0, 0], deviation: [0, 0, 1] }, rows: 6 });
    clock.now = OPTIONS.roundMs;
    coordinator.tick();
    expect(coordinator.announcement?.scale?.mean[0]).toBeCloseTo(7.75, 12);
    expect(coordinator.announcement?.scale?.deviation[0]).toBeCloseTo(Math.sqrt(15.4375), 12);
    expect(coordinator.announcement?.scale?.deviation.slice(1)).toEqual([1, 1]);
  });

  it("spends the privacy budget round by round and stops before it is exceeded", () => {
    const clock = { now: 0 };
    const noise = { kind: "laplace", epsilon: 1 } as const;
    const coordinator = coordinatorAt(clock, { noise, clip: 1, budget: 2.5, rounds: 0 });
    expect(coordinator.announcement?.report).toBe(false);
    for (const spent of [1, 2]) {
      send(coordinator, "a");
      send(coordinator, "b");
      clock.now += OPTIONS.roundMs;
      expect(coordinator.tick()?.epsilon).toBeCloseTo(spent, 6);
    }
    expect(coordinator.finished).toBe("budget");
    coordinator.reset();
    expect(coordinator.finished).toBe("budget");
  });
});

describe("an update is refused, with the reason, when", () => {
  const refusals: [string, Partial<Update>, RegExp, Partial<CoordinatorOptions>?][] = [
    ["it has another shape", { delta: new Float32Array(PARAMETERS + 1) }, /4 parameters, expected 3/],
    ["it holds NaN", { delta: Float32Array.of(0, Number.NaN, 0) }, /number 1 is NaN/],
    ["it is huge", { delta: Float32Array.of(0, 3e38, 0) }, /its norm is 3.00e\+38, at most 1000 is taken/],
    ["it began from other parameters", { base: "0123" }, /other parameters than those announced/],
    ["it is of no rows", { rows: 0 }, /trained on no rows/],
    ["its number of rows is none", { rows: -5 }, /rows: expected an integer/],
    ["it claims to be another's", { client: "b" }, /it says that it is b's, and came in the topic of a/],
    ["it is from before a reset", { session: "old" }, /late: it belongs to an earlier beginning/],
    ["its round is yet to come", { round: 7 }, /round 7 has not been announced/],
    ["its loss is no number", { before: Number.NaN, after: 1e200 }, /after: expected a number from 0/],
    ["the client is not known", {}, /a is not among the known clients/, { members: ["b"] }],
    [
      "it brings no moments though they were asked for",
      { moments: undefined },
      /expected mean and deviation/,
      { ranges: undefined },
    ],
    [
      "its moments are of other columns",
      { moments: { rows: 1, mean: [1], deviation: [1] } },
      /columns/,
      { ranges: undefined },
    ],
    [
      "a deviation is negative",
      { moments: { rows: 1, mean: [1, 1, 1], deviation: [1, -1, 1] } },
      /deviation/,
      { ranges: undefined },
    ],
  ];
  it.each(refusals)("%s", (_what, over, reason, options) => {
    const coordinator = coordinatorAt({ now: 0 }, options);
    expect(reasonOf(send(coordinator, "a", over))).toMatch(reason);
    expect(coordinator.clients).toEqual([]);
  });

  it("there are as many clients as may be", () => {
    const coordinator = coordinatorAt({ now: 0 }, { maxClients: 2 });
    send(coordinator, "a");
    send(coordinator, "b");
    expect(reasonOf(send(coordinator, "c"))).toMatch(/2 clients take part already/);
    expect(send(coordinator, "a").kind).toBe("duplicate");
  });

  it("it is anything at all, and nothing is thrown", () => {
    const coordinator = coordinatorAt({ now: 0 });
    const header = fc.oneof(
      fc.json().map((text) => JSON.parse(text) as object),
      fc.record({ session: fc.string(), rows: fc.double(), round: fc.nat() }),
    );
    fc.assert(
      fc.property(header, fc.float32Array({ maxLength: 5 }), (head, vector) => {
        expect(coordinator.receive("a", encodeFrame("update", head as object, vector)).kind).toBe("refused");
      }),
    );
  });
});

describe("a coordinator that is stopped and started", () => {
  it("goes on as one that never was, whenever that happens", () => {
    const step = fc.oneof(
      fc.record({
        client: fc.constantFrom("a", "b", "c"),
        delta: fc.array(fc.float({ min: -1, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 }),
      }),
      fc.constant("wait" as const),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), fc.nat(25), (steps, cut) => {
        const store = openStore(":memory:");
        const clock = { now: 0 };
        const options = { ...OPTIONS, momentum: 0.5 };
        const stored = (): Coordinator =>
          new Coordinator(options, { ...partsAt(clock, coordinatorStore(store, "n", options)), newSession: () => "s" });
        const whole = new Coordinator(options, { ...partsAt(clock), newSession: () => "s" });
        let stopped = stored();
        steps.forEach((one, index) => {
          if (index === cut) stopped = stored();
          if (one === "wait") {
            clock.now += OPTIONS.roundMs;
            expect(stopped.tick()).toEqual(whole.tick());
          } else {
            const over = { delta: Float32Array.from(one.delta) };
            expect(send(stopped, one.client, over).kind).toBe(send(whole, one.client, over).kind);
          }
        });
        stopped = stored();
        expect(stopped.clients).toEqual(whole.clients);
        // A deadline put off with updates at hand is not worth a write: it is put off again.
        if (whole.state.extended === 0) expect(stopped.announcement).toEqual(whole.announcement);
        expect(stopped.state.parameters).toEqual(whole.state.parameters);
        store.close();
      }),
      { numRuns: 50 },
    );
  });

  it("keeps what was spent of the privacy budget even when it learns another model", () => {
    const store = openStore(":memory:");
    const clock = { now: 0 };
    const noise = { kind: "gaussian", multiplier: 2, delta: 1e-5 } as const;
    const open = (options: CoordinatorOptions): Coordinator =>
      new Coordinator(options, partsAt(clock, coordinatorStore(store, "n", options)));
    const first = open({ ...OPTIONS, noise, clip: 1 });
    send(first, "a");
    send(first, "b");
    clock.now = OPTIONS.roundMs;
    first.tick();
    const other = open({ ...OPTIONS, noise, clip: 1, plan: { ...PLAN, hidden: [4] } });
    expect(other.state.round).toBe(1);
    expect(other.epsilon).toBe(first.epsilon);
    expect(other.epsilon).toBeGreaterThan(0);
    store.close();
  });

  it("trains on when more rounds are asked for", () => {
    const store = openStore(":memory:");
    const clock = { now: 0 };
    const open = (rounds: number): Coordinator => {
      const options = { ...OPTIONS, rounds, enoughClients: 2 };
      return new Coordinator(options, partsAt(clock, coordinatorStore(store, "n", options)));
    };
    const first = open(1);
    send(first, "a");
    send(first, "b");
    expect(first.tick()?.finished).toBe("rounds");
    expect(open(1).finished).toBe("rounds");
    expect(open(2).announcement).toMatchObject({ round: 2, task: "train", parameters: first.state.parameters });
    store.close();
  });

  it("does not take a round as held that could not be saved, and holds it when it can", () => {
    const clock = { now: 0 };
    let isFull = false;
    const privacy: unknown[] = [];
    const store = {
      load: () => ({ state: undefined, updates: [], privacy: undefined }),
      saveUpdate: () => undefined,
      saveRound(_state: unknown, spent: unknown) {
        if (isFull) throw new Error("disk full");
        privacy.push(spent);
      },
    };
    const noise = { kind: "laplace", epsilon: 1 } as const;
    const coordinator = coordinatorAt(clock, { noise, clip: 1, budget: 10 }, store);
    send(coordinator, "a");
    send(coordinator, "b");
    clock.now = OPTIONS.roundMs;
    isFull = true;
    for (let attempt = 0; attempt < 3; attempt++) expect(() => coordinator.tick()).toThrow("disk full");
    expect(coordinator.epsilon).toBe(0);
    expect(coordinator.clients).toEqual(["a", "b"]);
    isFull = false;
    expect(coordinator.tick()).toMatchObject({ round: 1, clients: ["a", "b"] });
    expect(coordinator.epsilon).toBeCloseTo(1, 9);
    expect(privacy).toHaveLength(2);
  });

  it("holds no round when what was spent of the budget cannot be read", () => {
    const damaged = {
      load: () => ({ state: undefined, updates: [], privacy: { pure: "much" } }),
      saveUpdate: () => undefined,
      saveRound: () => undefined,
    };
    const noise = { kind: "laplace", epsilon: 1 } as const;
    expect(() => coordinatorAt({ now: 0 }, { noise, clip: 1, budget: 10 }, damaged)).toThrow(/expected/);
  });

  it("starts afresh, and says so, when what was saved is damaged", () => {
    const problems: string[] = [];
    const damaged = {
      load: () => ({ state: { session: "s", task: "train", round: -1 }, updates: [], privacy: undefined }),
      saveUpdate: () => undefined,
      saveRound: () => undefined,
    };
    const coordinator = new Coordinator(OPTIONS, {
      ...partsAt({ now: 0 }, damaged),
      onProblem: (problem) => problems.push(problem),
    });
    expect(problems).toEqual([expect.stringMatching(/the saved federation cannot be used: round/)]);
    expect(coordinator.announcement).toMatchObject({ round: 1, task: "train" });
  });
});

describe("options that cannot work", () => {
  const ranges = OPTIONS.ranges;
  const noise = { kind: "gaussian", multiplier: 1, delta: 1e-5 } as const;
  it.each<[Partial<CoordinatorOptions>, RegExp]>([
    [{ minClients: 0 }, /minClients: expected a whole number from 1 to 100, got 0/],
    [{ enoughClients: 1 }, /enoughClients: expected a whole number from 2/],
    [{ ranges: ranges?.slice(1) }, /ranges/],
    [
      { ranges: ranges?.map(({ low, high }) => ({ low: high, high: low })) },
      /range of load: expected the low end below the high one, got 100 to 0/,
    ],
    [{ plan: { ...PLAN, inputs: ["load", "load"] } }, /inputs: expected each sensor once/],
    [{ plan: { ...PLAN, inputs: ["temperature", "load"] } }, /the target not among them/],
    [{ noise }, /clip: expected a number above 0/],
    [{ noise, clip: 1, rule: "median" }, /noise: goes with the rule "mean" only, got "median"/],
    [{ noise, clip: 1, ranges: undefined }, /measuring them is not private/],
    [{ noise: { ...noise, delta: 0 }, clip: 1 }, /delta/],
    [{ trim: 0.5 }, /trim/],
    [
      { plan: { ...PLAN, hidden: [1000] }, maxClients: 100_000 },
      /maxClients: expected at most \d+ with 4001 parameters each, got 100000/,
    ],
  ])("are refused: %#", (over, reason) => {
    expect(() => coordinatorAt({ now: 0 }, over)).toThrow(reason);
  });
});
