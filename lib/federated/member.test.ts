import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { coordinatorAt, jsonStore, machineRows, memberWith, OPTIONS, PLAN, UNITS } from "../../test/support/federation";
import { Member } from "./member";
import { decodeAnnouncement, decodeVerdict, encodeAnnouncement, encodeUpdate, encodeVerdict } from "./messages";
import { type BlockStore, RowBuffer } from "./row-buffer";
import { trainLocally } from "./training";

const announced = (over = {}): Buffer => {
  const { announcement } = coordinatorAt({ now: 0 }, over);
  if (!announcement) throw new Error("no announcement");
  return encodeAnnouncement(announcement);
};

describe("a member", () => {
  it("answers each round once, again the same when that was or may be lost, and anew when another round comes", async () => {
    const member = memberWith("a", machineRows(50, 1, 20, 10));
    expect(await member.answer()).toBeUndefined();
    member.hear(announced());
    const first = await member.answer();
    expect(first).toMatchObject({ client: "a", round: 1, rows: 50 });
    expect(first?.after).toBeLessThan(first?.before as number);
    expect(await member.answer()).toBeUndefined();
    expect(member.hasAnswered).toBe(true);
    member.forgetAnswer();
    expect(await member.answer()).toBe(first);
    member.hear(encodeAnnouncement({ ...decodeAnnouncement(announced()), attempt: 1, deadline: 1 }));
    expect(await member.answer()).toBe(first);
    expect(await member.answer()).toBeUndefined();
    member.hear(encodeAnnouncement({ ...decodeAnnouncement(announced()), round: 2 }));
    expect(await member.answer()).toMatchObject({ round: 2 });
  });

  it("does one training at a time, and waits for enough rows", async () => {
    const buffer = new RowBuffer(3, 100);
    let running = 0;
    const member = new Member(
      { client: "a", inputs: PLAN.inputs, target: PLAN.target, minRows: 5 },
      buffer,
      async (task) => {
        running += 1;
        expect(running).toBe(1);
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
        return trainLocally(task);
      },
    );
    member.hear(announced());
    for (const row of machineRows(4, 1, 1, 1)) buffer.add(Float64Array.from(row));
    expect(await member.answer()).toBeUndefined();
    buffer.add(Float64Array.of(1, 2, 3));
    const both = await Promise.all([member.answer(), member.answer()]);
    expect(both.filter((update) => update !== undefined)).toHaveLength(1);
  });

  it("does not take part in what is about other sensors than it gives", () => {
    const member = memberWith("a", [], { ...PLAN, inputs: ["load", "pressure"] });
    expect(() => member.hear(announced())).toThrow(
      "the server trains on load, speed, temperature (the last is the target), this client gives load, pressure, temperature",
    );
    expect(member.heard).toBeUndefined();
  });

  it("says neither rows nor losses where noise protects them", async () => {
    const member = memberWith("a", machineRows(50, 1, 20, 10));
    member.hear(announced({ noise: { kind: "gaussian", multiplier: 1, delta: 1e-5 }, clip: 1 }));
    const update = await member.answer();
    expect(update).toMatchObject({ rows: 1 });
    expect(update).not.toHaveProperty("before");
    expect(update).not.toHaveProperty("after");
  });

  it("tells why its training failed, and does not fail the same way for ever", async () => {
    const member = memberWith("a", machineRows(50, 1, 20, 10), { ...PLAN, hidden: [] });
    const failing = new Member(
      { client: "a", inputs: PLAN.inputs, target: PLAN.target, minRows: 1 },
      bufferOf(5),
      async () => {
        throw new Error("the worker died");
      },
    );
    failing.hear(announced());
    await expect(failing.answer()).rejects.toThrow("the worker died");
    expect(await failing.answer()).toBeUndefined();
    expect(member.isBusy).toBe(false);
  });

  it("predicts in the target's unit once there is a trained model", () => {
    const member = memberWith("a", []);
    const first = decodeAnnouncement(announced());
    member.hear(announced());
    expect(member.predict(Float64Array.of(50, 25))).toBeUndefined();
    // Ranges 0…100, 0…50 and 0…200: four deviations each. Standardised (1, -1): 2 * 1 + 3 * -1 + 0.5 = -0.5 deviations.
    member.hear(encodeAnnouncement({ ...first, round: 2, parameters: Float32Array.of(2, 3, 0.5) }));
    expect(member.predict(Float64Array.of(75, 12.5))).toBeCloseTo(100 - 0.5 * 50, 9);
    const odds = memberWith("a", [], { ...PLAN, kind: "yesNo" });
    const plan = { ...PLAN, kind: "yesNo" as const };
    odds.hear(encodeAnnouncement({ ...first, plan, task: "done", parameters: Float32Array.of(0, 0, Math.log(3)) }));
    expect(odds.predict(Float64Array.of(1, 1))).toBeCloseTo(0.75, 6);
  });

  it("refuses whatever is no announcement, and keeps what it had", () => {
    const member = memberWith("a", []);
    const good = announced();
    member.hear(good);
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const bad = Buffer.from(good);
        bad[at] = (bad[at] as number) ^ change;
        expect(() => member.hear(bad)).toThrow();
      }),
    );
    const own = { session: "s", round: 1, client: "a", base: "", rows: 1, units: UNITS, delta: new Float32Array(3) };
    expect(() => member.hear(encodeUpdate(own))).toThrow("expected an announcement, got an update");
    expect(member.heard?.round).toBe(1);
  });

  it.each([
    [{ training: { ...OPTIONS.training, epochs: 1e9 } }, /epochs/],
    [{ plan: { ...PLAN, hidden: [1e9] } }, /hidden/],
    [{ plan: { ...PLAN, inputs: ["a/+/b"] } }, /inputs/],
    [{ plan: { ...PLAN, inputs: Array.from({ length: 300 }, (_, i) => `s${i}`) } }, /inputs/],
    [{ units: ["Cel"] }, /units: expected 3, got 1/],
    [{ units: ["Cel", "Cel", "x".repeat(65)] }, /units: expected texts of at most 64/],
    [{ parameters: new Float32Array(7) }, /7 parameters, expected 3/],
    [{ scale: { mean: [0, 0, 0], deviation: [1, 0, 1] } }, /deviation/],
    [{ scale: undefined }, /saved state|object/],
    [{ task: "destroy" }, /task: expected one of measure, train, done, got "destroy"/],
  ])("is not talked into too much work or nonsense: %#", (over, reason) => {
    const hostile = { ...decodeAnnouncement(announced()), ...over } as Parameters<typeof encodeAnnouncement>[0];
    expect(() => memberWith("a", []).hear(encodeAnnouncement(hostile))).toThrow(reason);
  });
});

describe("a verdict", () => {
  it("comes back as it was sent, and nonsense is refused", () => {
    const verdict = { session: "s", round: 2, kind: "late" as const, reason: "round 1 is over" };
    expect(decodeVerdict(encodeVerdict(verdict))).toEqual(verdict);
    for (const bad of [
      "",
      "{",
      "null",
      "[]",
      '{"session":1,"round":1}',
      '{"session":"s","round":1,"kind":"x"}',
      `"${"x".repeat(5000)}"`,
    ]) {
      expect(() => decodeVerdict(Buffer.from(bad))).toThrow(/verdict/);
    }
  });
});

function bufferOf(count: number, store?: BlockStore): RowBuffer {
  const buffer = new RowBuffer(3, 300, store);
  for (const row of machineRows(count, 1, 20, 10)) buffer.add(Float64Array.from(row));
  return buffer;
}

describe("a buffer of rows", () => {
  it("keeps the newest, bounded, and takes finite rows of its width only", () => {
    const buffer = bufferOf(1000);
    expect(buffer.size).toBeGreaterThanOrEqual(300);
    expect(buffer.size).toBeLessThanOrEqual(300 + 256);
    const rows = machineRows(1000, 1, 20, 10).flat();
    expect([...buffer.rows()]).toEqual(rows.slice(rows.length - 3 * buffer.size));
    expect(buffer.add(Float64Array.of(1, Number.NaN, 2))).toBe(false);
    expect(buffer.add(Float64Array.of(1, 2))).toBe(false);
  });

  it("is after a restart as it was, and has written each row about once", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 900 }), (count) => {
        const store = jsonStore();
        const before = bufferOf(count, store);
        expect(store.writes).toBe(Math.floor(count / 128));
        before.flush();
        const after = new RowBuffer(3, 300, store);
        expect(after.rows()).toEqual(before.rows());
        expect(store.saved.size).toBeLessThanOrEqual(1 + 3);
        after.clear();
        expect(new RowBuffer(3, 300, store).size).toBe(0);
      }),
      { numRuns: 30 },
    );
  });

  it("leaves out a block that is damaged", () => {
    const store = jsonStore();
    bufferOf(300, store).flush();
    store.saved.set("block/0", JSON.stringify("AAAA"));
    expect(new RowBuffer(3, 300, store).size).toBe(300 - 128);
  });
});
