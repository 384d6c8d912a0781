import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileTopicPattern, sharedFilter, topicFrom } from "./topic-pattern";

describe("compileTopicPattern", () => {
  it("names the levels", () => {
    const { filter, match } = compileTopicPattern("site/{site}/{device}/{sensor}");
    expect(filter).toBe("site/+/+/+");
    const found = match("site/north/pump-1/temperature");
    expect(found?.deviceId).toBe("pump-1");
    expect(found?.sensor).toBe("temperature");
    expect({ ...found?.metadata }).toEqual({ site: "north" });
    expect(match("site/north/pump-1")).toBeUndefined();
    expect(match("site/north/pump-1/temperature/raw")).toBeUndefined();
    expect(match("Site/north/pump-1/temperature")).toBeUndefined();
  });

  it("takes id as the device, and the rest with dots", () => {
    const { filter, match } = compileTopicPattern("devices/{id}/{path...}");
    expect(filter).toBe("devices/+/#");
    expect(match("devices/a/b/c")?.deviceId).toBe("a");
    expect({ ...match("devices/a/b/c")?.metadata }).toEqual({ path: "b/c" });
    expect(match("devices/a")?.metadata).toBeUndefined();
  });

  it.each([
    ["", "empty"],
    ["devices/#/x", "last level"],
    ["devices/{rest...}/x", "last level"],
    ["devices/{a}{b}", "neither"],
    ["devices/a+", "neither"],
    ["{a}/{a}", "twice"],
    ["{__proto__}/x", "reserved"],
    ["{constructor}/x", "reserved"],
  ])("refuses %j", (pattern, reason) => {
    expect(() => compileTopicPattern(pattern)).toThrow(reason);
  });

  it("matches what the MQTT filter matches", () => {
    const level = fc.constantFrom("", "a", "b", "$SYS", "ab");
    const patternLevel = fc.constantFrom("a", "b", "", "+", "{x}", "{device}", "$SYS");
    const pattern = fc
      .tuple(
        fc.uniqueArray(patternLevel, {
          minLength: 1,
          maxLength: 4,
          selector: (text) => (text.startsWith("{") ? text : Symbol()),
        }),
        fc.constantFrom("", "#", "{rest...}"),
      )
      .map(([levels, tail]) => (tail ? [...levels, tail] : levels).join("/"))
      .filter((text) => text !== "");
    fc.assert(
      fc.property(pattern, fc.array(level, { minLength: 1, maxLength: 5 }), (text, levels) => {
        const topic = levels.join("/");
        const { filter, match } = compileTopicPattern(text);
        expect(match(topic) !== undefined).toBe(filterMatches(filter, topic));
      }),
      { numRuns: 2000 },
    );
  });

  it("reads back what topicFrom writes", () => {
    const name = fc.stringMatching(/^[A-Za-z0-9_.-]{1,12}$/);
    fc.assert(
      fc.property(name, name, name, (device, sensor, site) => {
        const pattern = "s/{site}/{device}/x/{sensor}";
        const match = compileTopicPattern(pattern).match(topicFrom(pattern, { device, sensor, site }));
        expect(match?.deviceId).toBe(device);
        expect(match?.sensor).toBe(sensor);
        expect(match?.metadata?.site).toBe(site);
      }),
    );
  });

  it("does not write a part that would break out of its level", () => {
    expect(() => topicFrom("devices/{id}/telemetry", { device: "a/b" })).toThrow("cannot be a topic level");
    expect(() => topicFrom("devices/{id}/telemetry", { device: "#" })).toThrow("cannot be a topic level");
    expect(() => topicFrom("{site}/{id}", { device: "a" })).toThrow("{site}");
  });

  it("shares a subscription", () => {
    expect(sharedFilter("gateways", "devices/+/telemetry")).toBe("$share/gateways/devices/+/telemetry");
    expect(sharedFilter("", "a")).toBe("a");
    expect(() => sharedFilter("a/b", "c")).toThrow("share group");
  });
});

/** MQTT 5, section 4.7, as a regular expression: written apart from the code under test. */
function filterMatches(filter: string, topic: string): boolean {
  if (topic.startsWith("$") && /^[+#]/.test(filter)) return false;
  const quote = (text: string): string => text.replace(/[.*?^${}()|[\]\\]/g, "\\$&");
  const source = filter
    .split("/")
    .map((level) => (level === "+" ? "[^/]*" : level === "#" ? "#" : quote(level)))
    .join("/")
    .replace(/^#$/, ".*")
    .replace(/\/#$/, "(/.*)?");
  return new RegExp(`^${source}$`).test(topic);
}
