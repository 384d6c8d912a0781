import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Reading } from "../reading";
import { Batcher, type BatcherOptions } from "./batcher";

const reading = (seq: number): Reading => ({
  deviceId: "d",
  sensor: "s",
  value: seq,
  unit: "1",
  timestamp: seq,
  quality: "good",
  seq,
});

/** A batcher with hand-driven time, turns and flow. */
function batcher(more: Partial<BatcherOptions> = {}) {
  const batches: number[][] = [];
  const completions: (() => void)[] = [];
  const acknowledged: number[] = [];
  const timers = new Set<() => void>();
  const turns: (() => void)[] = [];
  const source = { paused: false };
  const made = new Batcher({
    maxWaitMs: 5,
    maxReadings: 3,
    maxInFlow: 2,
    acknowledge: "handed over",
    source: {
      acknowledge: (ticket) => void acknowledged.push(ticket),
      pause: () => {
        source.paused = true;
      },
      resume: () => {
        source.paused = false;
      },
    },
    handOver: (batch, completed) => {
      batches.push(batch.map(({ value }) => value as number));
      completions.push(completed);
    },
    after: (_ms, work) => {
      timers.add(work);
      return () => void timers.delete(work);
    },
    nextTurn: (work) => void turns.push(work),
    ...more,
  });
  return {
    made,
    batches,
    completions,
    acknowledged,
    source,
    add: (ticket: number, qos = 0, readings = [reading(ticket)]) => made.add(readings, ticket, qos > 0),
    passTime: () => {
      for (const work of [...timers]) {
        timers.delete(work);
        work();
      }
    },
    passTurn: () => {
      for (const work of turns.splice(0)) work();
    },
    timers,
  };
}

describe("Batcher", () => {
  it("makes one batch of what comes within the time", () => {
    const { add, passTime, batches, timers } = batcher();
    add(1);
    add(2);
    expect(batches).toEqual([]);
    expect(timers.size).toBe(1);
    passTime();
    expect(batches).toEqual([[1, 2]]);
  });

  it("hands a full batch over at once", () => {
    const { add, batches, timers } = batcher();
    for (const ticket of [1, 2, 3]) add(ticket);
    expect(batches).toEqual([[1, 2, 3]]);
    expect(timers.size).toBe(0);
  });

  it("acknowledges when handed over, in the order of the messages", () => {
    const { add, passTime, acknowledged } = batcher();
    add(1, 1);
    expect(acknowledged).toEqual([]);
    add(2, 1);
    passTime();
    expect(acknowledged).toEqual([2]);
  });

  it("acknowledges completed batches only after all before them", () => {
    const { add, completions, acknowledged } = batcher({ acknowledge: "completed", maxInFlow: 5 });
    for (let ticket = 1; ticket <= 9; ticket += 1) add(ticket, 1);
    completions[2]?.();
    completions[1]?.();
    expect(acknowledged).toEqual([]);
    completions[0]?.();
    expect(acknowledged).toEqual([9]);
    completions[0]?.();
    expect(acknowledged).toEqual([9]);
  });

  it("acknowledges a message that brought no reading", () => {
    const { add, passTime, acknowledged, batches } = batcher({ acknowledge: "completed" });
    add(1, 1, []);
    passTime();
    expect(acknowledged).toEqual([1]);
    expect(batches).toEqual([]);
  });

  it("does not wait out the time when the broker waits for acknowledgements", () => {
    const { add, passTurn, batches } = batcher({ maxReadings: 1000 });
    for (let ticket = 1; ticket <= 9; ticket += 1) add(ticket, 1);
    passTurn();
    passTurn();
    expect(batches).toEqual([]);
    for (let ticket = 10; ticket <= 20; ticket += 1) add(ticket, 1);
    passTurn();
    expect(batches).toEqual([]);
    passTurn();
    expect(batches.map(({ length }) => length)).toEqual([20]);
  });

  it("pauses the source while the flow is full, and resumes it", () => {
    const { add, made, completions, source, batches, passTime } = batcher();
    for (let ticket = 1; ticket <= 8; ticket += 1) add(ticket);
    expect(source.paused).toBe(false);
    add(9);
    expect(source.paused).toBe(true);
    expect(made.underWay).toBe(2);
    passTime();
    expect(batches).toHaveLength(2);
    completions[1]?.();
    expect(source.paused).toBe(false);
    expect(batches).toEqual([
      [1, 2, 3],
      [4, 5, 6],
      [7, 8, 9],
    ]);
  });

  it("lets what was due leave as soon as there is room", () => {
    const { add, completions, passTime, batches } = batcher({ maxInFlow: 1 });
    for (const ticket of [1, 2, 3, 4]) add(ticket);
    passTime();
    expect(batches).toHaveLength(1);
    completions[0]?.();
    expect(batches).toEqual([[1, 2, 3], [4]]);
  });

  it("goes on without the batches that were abandoned, and acknowledges none of them", () => {
    const { add, made, completions, acknowledged, batches, source } = batcher({ acknowledge: "completed" });
    for (let ticket = 1; ticket <= 9; ticket += 1) add(ticket, 1);
    expect(source.paused).toBe(true);
    made.abandon();
    expect(source.paused).toBe(false);
    expect(batches).toHaveLength(3);
    completions[0]?.();
    completions[1]?.();
    expect(acknowledged).toEqual([]);
    completions[2]?.();
    expect(acknowledged).toEqual([9]);
    expect(made.underWay).toBe(0);
  });

  it("hands over what is left when it is drained", () => {
    const { add, made, batches, timers } = batcher();
    add(1);
    made.drain();
    made.drain();
    expect(batches).toEqual([[1]]);
    expect(timers.size).toBe(0);
  });

  it("loses nothing, keeps the order and its bounds, whatever happens when", () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ kind: fc.constant("add"), count: fc.nat(4), qos: fc.nat(2) }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant("complete"), which: fc.nat(5) }) },
      fc.record({ kind: fc.constantFrom("time", "turn") }),
    );
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 200 }),
        fc.constantFrom("handed over", "completed"),
        (steps, acknowledge) => {
          const rig = batcher({ acknowledge: acknowledge as BatcherOptions["acknowledge"] });
          const sent: number[] = [];
          let ticket = 0;
          let longest = 0;
          for (const given of steps as { kind: string; count?: number; qos?: number; which?: number }[]) {
            if (given.kind === "add" && !rig.source.paused) {
              const readings = Array.from({ length: given.count ?? 0 }, () => reading(sent.push(sent.length) - 1));
              longest = Math.max(longest, readings.length);
              rig.add(++ticket, given.qos, readings);
            } else if (given.kind === "complete") rig.completions[given.which ?? 0]?.();
            else if (given.kind === "time") rig.passTime();
            else if (given.kind === "turn") rig.passTurn();
            expect(rig.made.underWay).toBeLessThanOrEqual(2);
          }
          for (let round = 0; round < 1000 && rig.made.underWay > 0; round += 1)
            for (const complete of rig.completions) complete();
          rig.made.drain();
          for (const complete of rig.completions) complete();
          expect(rig.batches.flat()).toEqual(sent);
          expect(rig.batches.every((batch) => batch.length > 0 && batch.length < 3 + longest)).toBe(true);
          expect(rig.acknowledged).toEqual([...rig.acknowledged].sort((a, b) => a - b));
          if (rig.acknowledged.length > 0) expect(rig.acknowledged.at(-1)).toBeLessThanOrEqual(ticket);
          expect(rig.source.paused).toBe(false);
        },
      ),
      { numRuns: 500 },
    );
  });
});
