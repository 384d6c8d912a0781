import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonStore } from "../../test/support/federation";
import { ClientUnits, settledUnits, unitProblem } from "./units";

const COLUMNS = ["load", "temperature"];

describe("units of a federation", () => {
  it("are those of most clients; of as many, of the first; and what is known stays", () => {
    const all = [["%"], ["Cel"], ["Cel"], [""]].map((unit) => ["%", ...unit]);
    expect(settledUnits(["", ""], all)).toEqual(["%", "Cel"]);
    expect(settledUnits(["", "K"], all)).toEqual(["%", "K"]);
    expect(
      settledUnits(
        ["", ""],
        [
          ["a", "b"],
          ["c", "d"],
        ],
      ),
    ).toEqual(["a", "b"]);
    expect(settledUnits(["", ""], [])).toEqual(["", ""]);
  });

  it("are compared where both are known", () => {
    expect(unitProblem(COLUMNS, ["%", "[degF]"], ["%", "Cel"])).toBe("temperature is in [degF], expected Cel");
    expect(unitProblem(COLUMNS, ["%", ""], ["", "Cel"])).toBeUndefined();
  });
});

describe("units of a client", () => {
  it("are those of its first readings until it hears those of the federation", () => {
    const units = new ClientUnits(COLUMNS);
    expect(units.expected("temperature")).toBeUndefined();
    units.note("temperature", "[degF]");
    expect(units.note("temperature", "Cel")).toBeUndefined();
    expect(units.expected("temperature")).toMatchObject({ unit: "[degF]" });
    expect(units.hear(["%", ""])).toBe(false);
    expect(units.problem).toBeUndefined();
    expect(units.hear(["%", "Cel"])).toBe(true);
    expect(units.hear(["%", "Cel"])).toBe(false);
    expect(units.expected("temperature")).toEqual({ unit: "Cel", remedy: "convert it before" });
    expect(units.problem).toBe("temperature is in [degF], expected Cel");
    expect(units.note("temperature", "Cel")).toBe("[degF]");
    expect(units.problem).toBeUndefined();
    expect(units.own).toEqual(["", "Cel"]);
  });

  it("know nothing of other sensors", () => {
    const units = new ClientUnits(COLUMNS);
    units.hear(["%", "Cel"]);
    expect(units.expected("other")).toBeUndefined();
    expect(units.note("other", "K")).toBeUndefined();
  });

  it("are the same after a restart, whatever was saved", () => {
    const store = jsonStore();
    const units = new ClientUnits(COLUMNS, store);
    units.note("load", "%");
    expect(new ClientUnits(COLUMNS, store).own).toEqual(["%", ""]);
    units.clear();
    expect(new ClientUnits(COLUMNS, store).own).toEqual(["", ""]);
    fc.assert(
      fc.property(fc.jsonValue(), (saved) => {
        const { own } = new ClientUnits(COLUMNS, { load: () => saved, save: () => undefined });
        expect(own).toHaveLength(2);
        expect(own.every((unit) => typeof unit === "string")).toBe(true);
      }),
    );
  });
});
