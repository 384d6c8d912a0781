import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ModelError } from "../model/contract";
import { OptionalModuleError } from "../modules/optional";
import { WorkerDiedError, WorkerTimeoutError } from "../workers";
import { mayPass, Retries } from "./retries";

describe("a reason", () => {
  it.each([
    new WorkerDiedError("model pump: the worker ended during load: signal SIGKILL"),
    new WorkerTimeoutError("model pump: load took longer than 60000 ms"),
    new Error("spawn ENOMEM"),
    new Error("EMFILE: too many open files, open '/models/1.json'"),
    new ModelError("ONNX Runtime refuses the file: std::bad_alloc"),
    new ModelError("WebAssembly.Memory(): could not allocate memory"),
    new RangeError("Array buffer allocation failed"),
    new ModelError("model pump: cannot be used", { cause: new WorkerDiedError("the worker ended") }),
  ])("that may pass: $message", (reason) => expect(mayPass(reason)).toBe(true));

  it.each([
    new ModelError('golden case 1, output "y", value 1: expected 5.5, got 3'),
    new ModelError("model.json: SHA-256 differs from the signed one"),
    new ModelError("the manifest names the inputs zz, the model has x"),
    new ModelError("model pump: there is none of this name in the model store /models"),
    new OptionalModuleError("this needs the package onnxruntime-node: run npm install"),
    new Error("unexpected token in model EIOS"),
  ])("that stays: $message", (reason) => expect(mayPass(reason)).toBe(false));
});

describe("tries", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  const reason = new WorkerDiedError("the worker ended");
  const bound = (attempt: number): number => Math.min(3600, 120 * 2 ** attempt) * 1000;

  it("are made after a minute or two, then more and more rarely, an hour apart at most, and not for ever", () => {
    const tried: number[] = [];
    let last = Date.now();
    const retries = new Retries(() => {
      tried.push(Date.now() - last);
      last = Date.now();
      retries.after(reason);
    });
    retries.after(reason);
    vi.advanceTimersByTime(7 * 24 * 3_600_000);
    expect(tried).toHaveLength(24);
    for (const [i, delay] of tried.entries()) {
      expect(delay).toBeGreaterThanOrEqual(bound(i) / 2);
      expect(delay).toBeLessThanOrEqual(bound(i));
    }
    expect(retries.after(reason)).toBeUndefined();
    retries.reset();
    expect(retries.after(reason)).toBeLessThanOrEqual(Date.now() + 120_000);
  });

  it("are not made for a reason that stays, nor after a reset", () => {
    const work = vi.fn();
    const retries = new Retries(work);
    expect(retries.after(new ModelError("golden case 1"))).toBeUndefined();
    retries.after(reason);
    // What is found to stay ends what was planned before.
    expect(retries.after(new ModelError("golden case 1"))).toBeUndefined();
    retries.after(reason);
    retries.reset();
    vi.advanceTimersByTime(24 * 3_600_000);
    expect(work).not.toHaveBeenCalled();
  });
});
