import { describe, expect, it } from "vitest";
import type { ModelManifest } from "../../../lib/model/contract";
import type { Reading } from "../../../lib/reading";
import { reading } from "../../../test/support/series";
import { verdictOf } from "./model-verdict";

const manifest = { name: "m", task: "rul", metrics: { cap: 100 } } as unknown as ModelManifest;
const answer = (value: Reading["value"], ends: { low?: number; high?: number } = {}, sensor = "rul"): Reading =>
  reading(value, 0, { sensor, unit: "h", prediction: { model: "m", value: Number(value), ...ends } });
const of = (...answers: Reading[]) => verdictOf(manifest, answers, { modelHours: 1 });

describe("a model's answer", () => {
  it("has the ends that the model gives, on the right sides", () => {
    expect(of(answer(50, { low: 40, high: 60 })).life).toEqual({ hours: 50, low: 40, high: 60 });
    expect(of(answer(50, { low: 55, high: 45 })).life).toEqual({ hours: 50, low: 50, high: 50 });
    expect(of(answer(50, { high: 60 })).life).toEqual({ hours: 50, high: 60 });
    expect(of(answer(50, { low: 40 })).life).toEqual({ hours: 50, low: 40 });
    expect(of(answer(-3)).life).toEqual({ hours: 0 });
  });

  it("near the longest life that models tell apart is at least that", () => {
    expect(of(answer(95, { low: 60, high: 100 }))).toEqual({ phase: "healthy" });
    expect(of(answer(80, { low: 60, high: 100 })).life).toEqual({ hours: 80, low: 60 });
  });

  it("is the one called rul among several", () => {
    expect(of(answer(9, {}, "wear"), answer(50)).life).toEqual({ hours: 50 });
    expect(() => of(answer(9, {}, "a.0"), answer(8, {}, "a.1"))).toThrow(
      "answers with 2 numbers, none of which is called rul",
    );
  });

  it("is a number", () => {
    const broken = { ...answer(null), quality: "bad" as const, metadata: { reason: "the model answered NaN" } };
    expect(() => of(broken)).toThrow(
      "answers with no number: remaining life needs a model that does (the model answered NaN)",
    );
    expect(() => of(answer("worn"))).toThrow('got "worn"');
  });
});
