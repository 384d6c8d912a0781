import { describe, expect, it } from "vitest";
import { bme280 } from "../bme280";
import { bmp280 } from "../bmp280";
import { bmp388 } from "../bmp388";
import { choiceOption } from "./options";

describe("choiceOption", () => {
  it("takes the first choice as the default", () => {
    expect(choiceOption("Mode", { high: "High", low: "Low" }).default).toBe("high");
  });

  it("wants a default where JavaScript loses the order: it lists keys like numbers first", () => {
    expect(() => choiceOption("Filter", { off: "Off", "2": "2" })).toThrow("Filter: choices of numbers and words need");
    expect(choiceOption("Filter", { off: "Off", "2": "2" }, { default: "off" }).default).toBe("off");
  });

  it.each([bme280, bmp280, bmp388])(
    "leaves the filter of $name off, as its datasheet does after power-up",
    (driver) => {
      expect(driver.options?.filter?.default).toBe("off");
    },
  );
});
