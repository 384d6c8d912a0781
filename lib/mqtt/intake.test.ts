import { describe, expect, it } from "vitest";
import { loadCodec } from "../codec";
import { ArrivalJudge } from "./arrival";
import type { IncomingMessage } from "./contract";
import { Intake } from "./intake";
import { MessageReader } from "./telemetry";
import { compileTopicPattern } from "./topic-pattern";

let ticket = 0;
const message = (payload: string, topic = "devices/a/telemetry"): IncomingMessage => ({
  topic,
  payload: Buffer.from(payload),
  qos: 1,
  retain: false,
  dup: false,
  receivedAt: 1000,
  ticket: ++ticket,
});

async function intake({ codec = "json" as "json" | "jsonata", expression = "", dropDuplicates = false } = {}) {
  const values: unknown[] = [];
  const refused: string[] = [];
  const said: unknown[] = [];
  const acknowledged: number[] = [];
  const pauses: string[] = [];
  const completions: (() => void)[] = [];
  const patterns = {
    telemetry: compileTopicPattern("devices/{id}/telemetry"),
    status: compileTopicPattern("devices/{id}/status"),
  };
  const judge = new ArrivalJudge({ lateAfterMs: 0, futureAfterMs: 0, duplicates: true });
  const made = new Intake({
    reader: new MessageReader(patterns, await loadCodec(codec, { expression }), judge),
    dropDuplicates,
    maxWaitMs: 5,
    maxReadings: 1,
    maxInFlow: 1,
    acknowledge: "handed over",
    source: {
      acknowledge: (upTo) => void acknowledged.push(upTo),
      pause: () => void pauses.push("pause"),
      resume: () => void pauses.push("resume"),
    },
    handOver: (batch, completed) => {
      values.push(...batch.map(({ value }) => value));
      completions.push(completed);
    },
    after: (_ms, work) => {
      work();
      return () => undefined;
    },
    nextTurn: (work) => work(),
    onDeviceMessage: ({ content }) => void said.push(content),
    onRefused: (_message, reason) => void refused.push(reason),
  });
  return { made, values, refused, said, acknowledged, pauses, completions };
}

describe("Intake", () => {
  it("refuses a poison message once, acknowledges it, and takes the next", async () => {
    const { made, values, refused, acknowledged, completions } = await intake();
    const bad = message("{");
    const good = message('{"sensors":[{"type":"t","value":5}]}');
    made.take(bad);
    made.take(good);
    expect(refused).toHaveLength(1);
    expect(values).toEqual([5]);
    expect(acknowledged).toEqual([bad.ticket, good.ticket]);
    completions[0]?.();
    expect(made.counts).toEqual({ received: 2, refused: 1, repeated: 0, readings: 1, dropped: 0 });
  });

  it("passes on what devices say about themselves", async () => {
    const { made, said, values } = await intake();
    made.take(message("offline", "devices/a/status"));
    expect(said).toEqual([{ status: "offline" }]);
    expect(values).toEqual([]);
  });

  it("leaves duplicates out when asked, and counts them", async () => {
    const { made, values, completions } = await intake({ dropDuplicates: true });
    const text = '{"sensors":[{"type":"t","value":5}],"timestamp":1700000000000}';
    made.take(message(text));
    completions[0]?.();
    made.take(message(text));
    expect(values).toEqual([5]);
    expect(made.counts).toMatchObject({ readings: 2, dropped: 1 });
  });

  it("gives an asynchronous codec one message at a time, and resumes only when the flow has room too", async () => {
    const { made, values, pauses, completions, refused } = await intake({
      codec: "jsonata",
      expression: '{"deviceId": device, "sensor": "t", "value": payload.v}',
    });
    made.take(message('{"v":1}'));
    expect(pauses).toEqual(["pause"]);
    await waitFor(() => pauses.length === 2);
    made.take(message('{"v":2}'));
    await waitFor(() => made.counts.readings === 2);
    expect(values).toEqual([1]);
    expect(pauses).toEqual(["pause", "resume", "pause"]);
    completions[0]?.();
    await waitFor(() => pauses.length === 4);
    expect(values).toEqual([1, 2]);
    completions[1]?.();
    made.take(message("not json"));
    await waitFor(() => refused.length === 1);
    await waitFor(() => pauses.at(-1) === "resume");
  });
});

async function waitFor(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1000 && !condition(); turn += 1) await new Promise((resolve) => setTimeout(resolve, 2));
  expect(condition()).toBe(true);
}
