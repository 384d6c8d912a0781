import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Reading, ReadingValue, Severity } from "../reading";
import type { AlertEvent } from "./event";
import type { Limit, Operator } from "./limit";
import { type AlertRule, compileRule, severityRank } from "./rule";
import { AlertRules } from "./rules";

/**
 * The rule's definition, written down as sets over a grid of milliseconds and not as a machine: at every instant it looks
 * at the whole past. The evaluation must agree with it at every instant.
 */
interface Sample {
  readonly t: number;
  readonly value: number;
}

const beyond = ({ op, value }: Limit, x: number): boolean =>
  ({ ">": x > +value, ">=": x >= +value, "<": x < +value, "<=": x <= +value, "==": x === +value, "!=": x !== +value })[
    op
  ];

/** Met: the last sample outside the deadband zone was beyond the limit. */
function isMet(limit: Limit, samples: readonly Sample[], t: number): boolean {
  const d = limit.op === "==" || limit.op === "!=" ? 0 : (limit.deadband ?? 0);
  const shifted = limit.op.startsWith(">") ? +limit.value - d : +limit.value + d;
  const decisive = samples.filter(
    (s) => s.t <= t && (beyond(limit, s.value) || !beyond({ ...limit, value: shifted }, s.value)),
  );
  const last = decisive.at(-1);
  return last !== undefined && beyond(limit, last.value);
}

/** No sample came for longer than `after`: the value is not known. */
function isKnown(rule: AlertRule, samples: readonly Sample[], t: number): boolean {
  const last = samples.filter((s) => s.t <= t).at(-1);
  return last !== undefined && t - last.t <= (rule.noData?.after ?? Number.POSITIVE_INFINITY);
}

/** Whether a limit is active at each instant: on after holding for onDelay with enough repeats, off after offDelay without. */
function activity(rule: AlertRule, limit: Limit, samples: readonly Sample[], end: number): boolean[] {
  const { onDelay = 0, offDelay = 0, repeat } = rule;
  const known = Array.from({ length: end }, (_, t) => isKnown(rule, samples, t));
  const met = Array.from({ length: end }, (_, t) => isMet(limit, samples, t));
  // A gap may be shorter than the grid shows: 10.5 lies in one that ends at 11.
  const gapEnds = samples
    .filter((s, i) => s.t - (samples[i - 1]?.t ?? s.t) > (rule.noData?.after ?? Number.POSITIVE_INFINITY))
    .map((s) => s.t);
  const held = (t: number, delay: number, state: boolean): boolean => {
    for (let u = t - delay; u <= t; u += 1) if (u < 0 || !known[u] || met[u] !== state) return false;
    return !gapEnds.some((u) => u > t - delay && u <= t);
  };
  const repeats = (t: number): boolean => {
    if (!repeat) return true;
    const hits = samples.filter((s) => s.t <= t && s.t > t - repeat.window && beyond(limit, s.value));
    return hits.length >= repeat.count;
  };
  let active = false;
  return Array.from({ length: end }, (_, t) => {
    if (held(t, onDelay, true) && repeats(t)) active = true;
    else if (held(t, offDelay, false)) active = false;
    return active;
  });
}

const END = 160;
const reading = ({ t, value }: Sample): Reading => ({
  ...{ deviceId: "d", sensor: "s", value, unit: "1", timestamp: t, quality: "good" },
});

const samples = fc
  .array(fc.tuple(fc.constantFrom(1, 1, 2, 3, 5, 8, 13, 30), fc.integer({ min: -6, max: 6 })), {
    minLength: 1,
    maxLength: 40,
  })
  .map((steps) => {
    let t = 0;
    return steps.flatMap(([gap, value]) => {
      t += gap;
      return t < END ? [{ t, value }] : [];
    });
  })
  .filter((list) => list.length > 0);

const severities = fc.constantFrom<Severity[]>("critical", "high", "medium", "low", "info");
const limits = fc.array(
  fc.record({
    op: fc.constantFrom<Operator[]>(">", ">=", "<", "<=", "==", "!="),
    value: fc.integer({ min: -4, max: 4 }),
    severity: severities,
    deadband: fc.nat(4),
  }),
  { minLength: 1, maxLength: 4 },
);
const delay = fc.constantFrom(0, 0, 1, 3, 7, 20);
const rules: fc.Arbitrary<AlertRule> = fc.record({
  id: fc.constant("r"),
  name: fc.constant("rule"),
  limits,
  onDelay: delay,
  offDelay: delay,
  repeat: fc.option(fc.record({ count: fc.integer({ min: 2, max: 4 }), window: fc.integer({ min: 1, max: 40 }) }), {
    nil: undefined,
  }),
  noData: fc.option(fc.record({ after: fc.integer({ min: 1, max: 25 }), severity: severities }), { nil: undefined }),
});

const all = { all: true } as const;

describe("an alert rule, instant by instant", () => {
  test("stands exactly when its definition says so, with the severity it says", () => {
    fc.assert(
      fc.property(rules, samples, (rule, list) => {
        const engine = new AlertRules([compileRule(rule)]);
        const perLimit = rule.limits.map((limit) => ({ limit, active: activity(rule, limit, list, END) }));
        for (let t = (list[0] as Sample).t; t < END; t += 1) {
          engine.evaluate(list.filter((s) => s.t === t).map(reading), t);
          engine.tick(t + 0.5);
          const standing = engine.list();
          const expected = perLimit.filter(({ active }) => active[t]).map(({ limit }) => severityRank(limit.severity));
          const found = standing.find(({ condition }) => condition === "limit");
          expect({ t, rank: found && severityRank(found.severity) }).toEqual({
            t,
            rank: expected.length > 0 ? Math.max(...expected) : undefined,
          });
          const last = list.filter((s) => s.t <= t).at(-1) as Sample;
          const isSilent = rule.noData !== undefined && t - last.t >= rule.noData.after;
          expect({ t, noData: standing.some(({ condition }) => condition === "noData") }).toEqual({
            t,
            noData: isSilent,
          });
        }
      }),
      { numRuns: 300 },
    );
  });

  test("does not depend on when it is ticked, or on how readings are batched", () => {
    fc.assert(
      fc.property(rules, samples, fc.array(fc.boolean(), { minLength: END, maxLength: END }), (rule, list, ticks) => {
        const ticked = new AlertRules([compileRule(rule)]);
        const events: AlertEvent[] = [];
        for (let t = 0; t < END; t += 1) {
          events.push(...ticked.evaluate(list.filter((s) => s.t === t).map(reading), t));
          if (ticks[t]) events.push(...ticked.tick(t + 0.5));
        }
        const batched = new AlertRules([compileRule(rule)]);
        const last = list.at(-1) as Sample;
        const inOne = [...batched.evaluate(list.map(reading), last.t), ...batched.tick(END)];
        expect([...events, ...ticked.tick(END)]).toEqual(inOne);
      }),
    );
  });

  test("goes on after a restart at any point as if nothing had happened", () => {
    fc.assert(
      fc.property(rules, fc.boolean(), samples, fc.nat(END - 1), (rule, latch, list, restartAt) => {
        const compiled = compileRule({ ...rule, latch });
        const steady = new AlertRules([compiled]);
        let restarted = new AlertRules([compiled]);
        for (let t = 0; t < END; t += 1) {
          const batch = list.filter((s) => s.t === t).map(reading);
          expect(restarted.evaluate(batch, t)).toEqual(steady.evaluate(batch, t));
          expect(restarted.tick(t + 0.5)).toEqual(steady.tick(t + 0.5));
          if (t === restartAt) {
            restarted = restart(restarted, compiled, t + 0.5);
            expect(restarted.takeEvents()).toEqual([]);
          }
          expect(restarted.list()).toEqual(steady.list());
        }
      }),
    );
  });

  test("events of an alert strictly alternate between raised and cleared, whatever operators do", () => {
    const command = fc.constantFrom(
      "acknowledge",
      "shelve",
      "unshelve",
      "suppress",
      "unsuppress",
      "clear",
      "none",
      "none",
      "none",
    );
    fc.assert(
      fc.property(
        rules,
        fc.boolean(),
        samples,
        fc.array(command, { minLength: END, maxLength: END }),
        (rule, latch, list, commands) => {
          const engine = new AlertRules([compileRule({ ...rule, latch })]);
          const events: AlertEvent[] = [];
          for (let t = 0; t < END; t += 1) {
            events.push(...engine.evaluate(list.filter((s) => s.t === t).map(reading), t));
            events.push(...engine.tick(t + 0.5), ...operate(engine, commands[t] as string, t + 0.5));
          }
          for (const id of new Set(events.map((event) => event.id)))
            expectAlternation(events.filter((event) => event.id === id));
          // Whatever was withheld is told in the end: outside and inside agree.
          events.push(...engine.suppress(all, {}, END, false), ...engine.unshelve(all, {}, END), ...engine.tick(END));
          const outside = new Set<string>();
          for (const { event, id } of events) {
            if (event === "raised") outside.add(id);
            if (event === "cleared") outside.delete(id);
          }
          expect(
            engine
              .list()
              .map(({ id }) => id)
              .sort(),
          ).toEqual([...outside].sort());
        },
      ),
    );
  });

  test("does not flap while the value moves inside the deadband", () => {
    const inside = fc.array(fc.double({ min: 37.0001, max: 38, noNaN: true }), { minLength: 1, maxLength: 100 });
    fc.assert(
      fc.property(inside, (values: ReadingValue[]) => {
        const limit: Limit = { op: ">", value: 38, severity: "high", deadband: 1 };
        const engine = new AlertRules([compileRule({ id: "r", name: "n", limits: [limit] })]);
        const wandering = values.map((value, index) => ({ ...reading({ t: 10 + index, value: 0 }), value }));
        expect(engine.evaluate(wandering, 1000)).toEqual([]);
        const raised = engine.evaluate([reading({ t: 200, value: 39 })], 1000);
        expect(raised.map(({ event }) => event)).toEqual(["raised"]);
        expect(
          engine.evaluate(
            wandering.map((each) => ({ ...each, timestamp: each.timestamp + 300 })),
            1000,
          ),
        ).toEqual([]);
        expect(engine.evaluate([reading({ t: 500, value: 37 })], 1000).map(({ event }) => event)).toEqual(["cleared"]);
      }),
    );
  });
});

function restart(engine: AlertRules, rule: ReturnType<typeof compileRule>, now: number): AlertRules {
  const saved = JSON.parse(JSON.stringify(engine.takeChanged(now)));
  const next = new AlertRules([rule]);
  for (const each of saved) if (each.state) next.restore(each, now);
  return next;
}

function operate(engine: AlertRules, command: string, now: number): readonly AlertEvent[] {
  switch (command) {
    case "acknowledge":
      return engine.acknowledge(all, { by: "nurse" }, now);
    case "shelve":
      return engine.shelve(all, now + 9, {}, now);
    case "unshelve":
      return engine.unshelve(all, {}, now);
    case "suppress":
      return engine.suppress(all, { by: "interlock" }, now);
    case "unsuppress":
      return engine.suppress(all, {}, now, false);
    case "clear":
      return engine.clear(all, now);
    default:
      return [];
  }
}

function expectAlternation(events: readonly AlertEvent[]): void {
  let stands: string | undefined;
  for (const { event, occurrenceId } of events) {
    if (event === "raised") {
      expect(stands).toBeUndefined();
      stands = occurrenceId;
    } else if (event === "changed" || event === "acknowledged") expect(occurrenceId).toBe(stands);
    else if (event === "cleared") {
      expect(occurrenceId).toBe(stands);
      stands = undefined;
    }
  }
}
