import { beforeAll, describe, expect, it } from "vitest";
import { type Codec, loadCodec } from "../codec";
import { ArrivalJudge } from "./arrival";
import type { IncomingMessage } from "./contract";
import { readDeviceMessage } from "./device-message";
import { MessageReader } from "./telemetry";
import { compileTopicPattern } from "./topic-pattern";

const NOW = 1_700_000_000_000;
const message = (topic: string, payload: string | Buffer, more: Partial<IncomingMessage> = {}): IncomingMessage => ({
  topic,
  payload: Buffer.from(payload as string),
  qos: 0,
  retain: false,
  dup: false,
  receivedAt: NOW,
  ticket: 1,
  ...more,
});
const judge = () => new ArrivalJudge({ lateAfterMs: 60_000, futureAfterMs: 60_000, duplicates: true });

describe("MessageReader", () => {
  let auto: Codec;
  beforeAll(async () => {
    auto = await loadCodec("auto");
  });

  it("takes device, sensor and metadata from the topic", () => {
    const reader = new MessageReader(
      { telemetry: compileTopicPattern("site/{site}/{device}/{sensor}") },
      auto,
      judge(),
    );
    expect(reader.read(message("site/north/pump-1/temperature", "21.5"))).toEqual([
      expect.objectContaining({ deviceId: "pump-1", sensor: "temperature", value: 21.5, timestamp: NOW }),
    ]);
    const [reading] = reader.read(message("site/north/pump-1/temperature", "22")) as {
      metadata?: Record<string, string>;
    }[];
    expect(reading?.metadata?.site).toBe("north");
  });

  it("marks what arrives a second time", () => {
    const reader = new MessageReader({ telemetry: compileTopicPattern("devices/{id}/telemetry") }, auto, judge());
    const once = message("devices/a/telemetry", `{"sensors":[{"type":"t","value":1}],"timestamp":${NOW}}`);
    expect(reader.read(once)).toEqual([expect.not.objectContaining({ marks: expect.anything() })]);
    expect(reader.read(once)).toEqual([expect.objectContaining({ marks: ["duplicate"] })]);
  });

  it("does not let one message's time or type pass to the next of its topic", () => {
    const reader = new MessageReader({ telemetry: compileTopicPattern("devices/{id}/telemetry") }, auto, judge());
    const first = reader.read(message("devices/a/telemetry", "1", { contentType: "text/plain" }));
    const second = reader.read(
      message("devices/a/telemetry", '{"sensors":[{"type":"t","value":2}]}', { receivedAt: NOW + 5 }),
    );
    expect(first).toEqual([expect.objectContaining({ timestamp: NOW, value: 1 })]);
    expect(second).toEqual([expect.objectContaining({ timestamp: NOW + 5, value: 2, sensor: "t" })]);
  });

  it("reads with an asynchronous codec while others arrive", async () => {
    const jsonata = await loadCodec("jsonata", {
      expression: '{"deviceId": device, "sensor": "t", "value": payload.v, "timestamp": receivedAt}',
    });
    const reader = new MessageReader({ telemetry: compileTopicPattern("devices/{id}/telemetry") }, jsonata, judge());
    const bytes = message("devices/a/telemetry", '{"v": 1}');
    const first = reader.read(bytes);
    bytes.payload.fill(0x20);
    const second = reader.read(message("devices/a/telemetry", '{"v": 2}', { receivedAt: NOW + 1 }));
    expect(await first).toEqual([expect.objectContaining({ deviceId: "a", value: 1, timestamp: NOW })]);
    expect(await second).toEqual([expect.objectContaining({ value: 2, timestamp: NOW + 1 })]);
  });

  it("tells a device's status and alerts from its telemetry", () => {
    const patterns = {
      telemetry: compileTopicPattern("devices/{id}/#"),
      status: compileTopicPattern("devices/{id}/status"),
      alerts: compileTopicPattern("devices/{id}/alerts"),
    };
    const reader = new MessageReader(patterns, auto, judge());
    expect(reader.read(message("devices/a/status", "online"))).toMatchObject({
      kind: "status",
      deviceId: "a",
      content: { status: "online" },
    });
    expect(reader.read(message("devices/a/alerts", '{"code":7}'))).toMatchObject({
      kind: "alerts",
      content: { code: 7 },
    });
    expect(reader.read(message("devices/a/other", "1"))).toEqual([
      expect.objectContaining({ deviceId: "a", value: 1 }),
    ]);
  });

  it.each([
    ["other/topic", "1", "does not match"],
    ["devices//telemetry", "1", "non-empty"],
    ["devices/__proto__/telemetry", "1", "reserved"],
    ["devices/a/telemetry", "{", "JSON"],
  ])("refuses %s %s", (topic, payload, reason) => {
    const reader = new MessageReader({ telemetry: compileTopicPattern("devices/{id}/telemetry") }, auto, judge());
    expect(() => reader.read(message(topic, payload))).toThrow(reason);
  });
});

describe("readDeviceMessage", () => {
  it("reads a status as a word or an object", () => {
    expect(readDeviceMessage("status", "a", message("x", "offline", { retain: true }))).toEqual({
      kind: "status",
      deviceId: "a",
      timestamp: NOW,
      retained: true,
      content: { status: "offline" },
    });
    expect(readDeviceMessage("status", "a", message("x", '{"status":"online","battery":80}')).content).toEqual({
      status: "online",
      battery: 80,
    });
    expect(readDeviceMessage("alerts", "a", message("x", '{"level":3}')).content).toEqual({ level: 3 });
  });

  it.each([
    ["status", "away", /JSON|expected/],
    ["status", '{"status":"away"}', "expected one of online, offline, maintenance, error"],
    ["status", "[]", "expected an object"],
    ["alerts", "3", "expected an object"],
    ["alerts", '{"__proto__":{"a":1}}', "reserved"],
    ["alerts", "", "no bytes"],
  ] as const)("refuses %s %s", (kind, payload, reason) => {
    expect(() => readDeviceMessage(kind, "a", message("x", payload))).toThrow(reason);
  });
});
