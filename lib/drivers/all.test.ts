import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { allDrivers, findDriver } from ".";
import { driverProblems } from "./core/check";

const files = readdirSync(__dirname).flatMap((name) => /^([a-z0-9-]+)\.ts$/.exec(name)?.[1] ?? []);

describe.each(files.filter((file) => file !== "index"))("%s", (file) => {
  it("holds drivers as drivers are, with models", async () => {
    const entries = (await allDrivers()).filter((entry) => entry.file === file);
    expect(entries.length).toBeGreaterThan(0);
    for (const entry of entries) expect(await driverProblems(entry), entry.id).toEqual([]);
  });
});

it("a driver is found by its id without the others", async () => {
  expect((await findDriver("sht31")).driver).toMatchObject({ name: "SHT31", bus: "i2c" });
  await expect(findDriver("sht99")).rejects.toThrow('there is no driver "sht99"');
  await expect(findDriver("__proto__")).rejects.toThrow("there is no driver");
});
