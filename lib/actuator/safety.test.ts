import fc from "fast-check";
import { expect, it } from "vitest";
import { VirtualClock } from "../bus";
import type { OutputInfo } from "../drivers/core";
import { type Change, OutputControl, type OutputLimits, outputRules } from ".";

const relay: OutputInfo = { actuator: "relay", type: "boolean", unit: "1", safe: false };
const LONGEST_RETRY = 10_000;

/** What a relay that was watched did: when it switched, and why. */
interface Switch {
  readonly at: number;
  readonly on: boolean;
  readonly cause: Change["cause"];
}

type Doing =
  | { readonly ask: boolean }
  | { readonly wait: number }
  /** The next values are not acknowledged, although the relay may have taken them. */
  | { readonly fail: number; readonly takes: boolean }
  /** The next value takes so many ms to be set. */
  | { readonly slow: number };

const doing: fc.Arbitrary<Doing> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ ask: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ wait: fc.integer({ min: 0, max: 9000 }) }) },
  { weight: 1, arbitrary: fc.record({ fail: fc.integer({ min: 1, max: 3 }), takes: fc.boolean() }) },
);
const slowDoing = fc.oneof(
  { weight: 5, arbitrary: doing },
  { weight: 1, arbitrary: fc.record({ slow: fc.integer({ min: 1, max: 20_000 }) }) },
);
const time = fc.option(fc.integer({ min: 1, max: 8000 }), { nil: undefined });
const limits: fc.Arbitrary<OutputLimits> = fc
  .record({ minOnMs: time, minOffMs: time, maxOnMs: time, inputTimeoutMs: time })
  .map((one) => ({ ...one, maxOnMs: one.maxOnMs && one.maxOnMs + (one.minOnMs ?? 0) }));

/** Runs it all and returns the relay's own record, which knows nothing of the control's. */
async function watched(rules: OutputLimits, plan: readonly Doing[]) {
  const clock = new VirtualClock();
  const switches: Switch[] = [];
  const asked: number[] = [0];
  const failedAt: number[] = [];
  let failures = { left: 0, takes: false };
  let isOn = false;
  let timers = 0;
  /** The control says why only after it has set the relay. */
  let unexplained = false;
  const explain = ({ cause }: Change) => {
    if (unexplained) switches[switches.length - 1] = { ...switches.at(-1)!, cause };
    unexplained = false;
  };
  let slow = 0;
  let tail: Promise<void> = Promise.resolve();
  const apply = (on: boolean) => {
    const fails = failures.left > 0;
    if (fails) failures = { ...failures, left: failures.left - 1 };
    if ((!fails || failures.takes) && on !== isOn) {
      isOn = on;
      switches.push({ at: clock.now(), on, cause: "set" });
      unexplained = true;
    }
    if (!fails) return;
    failedAt.push(clock.now());
    throw new Error("no device answers");
  };
  const control = new OutputControl(outputRules(relay, rules), {
    now: () => clock.now(),
    after(ms, work) {
      timers += 1;
      return clock.after(ms, work);
    },
    // As a bus does it: one after the other.
    set(value) {
      const takesMs = slow;
      slow = 0;
      const setting = tail
        .then(() => (takesMs > 0 ? clock.wait(takesMs) : undefined))
        .then(() => apply(value === true));
      tail = setting.catch(() => undefined);
      return setting;
    },
    changed: explain,
    failed: (_error, change) => explain(change),
  });
  await control.start();
  for (const step of plan) {
    if ("wait" in step) await clock.advance(step.wait);
    else if ("fail" in step) failures = { left: step.fail, takes: step.takes };
    else if ("slow" in step) slow = step.slow;
    else {
      asked.push(clock.now());
      control.request(step.ask).catch(() => undefined);
      await clock.advance(0);
    }
  }
  return { clock, control, switches, asked, failedAt, isOn: () => isOn, timers: () => timers, end: clock.now() };
}

const plans = fc.array(doing, { maxLength: 60, size: "max" });
const slowPlans = fc.array(slowDoing, { maxLength: 60, size: "max" });

it("is never on for longer than the longest on time, unless the part could not be reached", async () => {
  await fc.assert(
    fc.asyncProperty(limits, plans, async (rules, plan) => {
      const { switches, failedAt, end } = await watched(rules, plan);
      switches.forEach(({ at, on }, index) => {
        if (!on) return;
        const off = switches[index + 1]?.at ?? end;
        const wasReached = failedAt.every((failure) => failure < at || failure > off);
        const longest = (rules.maxOnMs ?? Number.POSITIVE_INFINITY) + (wasReached ? 0 : 4 * LONGEST_RETRY);
        expect(off - at).toBeLessThanOrEqual(longest);
      });
    }),
  );
});

it("never switches faster than the least times, except to go safe", async () => {
  await fc.assert(
    fc.asyncProperty(limits, slowPlans, async (rules, plan) => {
      const { switches } = await watched(rules, plan);
      switches.slice(1).forEach(({ at, on, cause }, index) => {
        const since = at - switches[index]!.at;
        if (on) expect(since).toBeGreaterThanOrEqual(rules.minOffMs ?? 0);
        else if (cause === "set") expect(since).toBeGreaterThanOrEqual(rules.minOnMs ?? 0);
      });
    }),
  );
});

it("is safe whenever the input has been silent for too long, as soon as the part can be reached", async () => {
  await fc.assert(
    fc.asyncProperty(limits, slowPlans, fc.integer({ min: 1, max: 8000 }), async (rules, plan, inputTimeoutMs) => {
      const { clock, switches, isOn, timers } = await watched({ ...rules, inputTimeoutMs }, plan);
      await clock.advance(inputTimeoutMs + 4 * LONGEST_RETRY + 60 * 20_000);
      expect(isOn()).toBe(false);
      const quietFrom = clock.now();
      const timersBefore = timers();
      await clock.advance(100_000);
      expect(timers()).toBe(timersBefore);
      expect(switches.every(({ at }) => at < quietFrom)).toBe(true);
    }),
  );
});

it("is on only while somebody has asked for it within the time allowed", async () => {
  await fc.assert(
    fc.asyncProperty(limits, plans, fc.integer({ min: 1, max: 8000 }), async (rules, plan, inputTimeoutMs) => {
      const { switches, asked, failedAt, end } = await watched({ ...rules, inputTimeoutMs }, plan);
      if (failedAt.length > 0) return;
      switches.forEach(({ on }, index) => {
        if (!on) return;
        const off = switches[index + 1]?.at ?? end;
        const lastAsked = Math.max(...asked.filter((one) => one <= off));
        expect(off - lastAsked).toBeLessThanOrEqual(inputTimeoutMs);
      });
    }),
  );
});

it("is safe after close", async () => {
  await fc.assert(
    fc.asyncProperty(limits, slowPlans, async (rules, plan) => {
      const { clock, control, isOn, switches } = await watched(rules, plan);
      const closing = control.close().then(
        () => true,
        () => false,
      );
      const wasReached = await clock.run(closing);
      if (wasReached) expect(isOn()).toBe(false);
      const count = switches.length;
      await clock.advance(100_000);
      expect(switches).toHaveLength(count);
    }),
  );
});
