import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { metricsOfNodes } from "../../../kit";
import type { NodeMessage } from "../../../kit/red";
import type { Reading } from "../../../lib/reading";
import { coreNode, statusOf, withHooks } from "../../../test/support/hooks";
import { messagesAt, nodeOf, startFlow, stopFlow, until } from "../../../test/support/red";
import replay from "./replay";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "gatewise-replay-"));
});
afterEach(async () => {
  await stopFlow();
  rmSync(directory, { recursive: true, force: true });
});

const minutes = (count: number): string =>
  Array.from(
    { length: count },
    (_, minute) => `${new Date(Date.UTC(2015, 1, 4, 0, minute)).toISOString()},${minute},on\n`,
  ).join("");
const RECORDING = `time,Temperature,State\n${minutes(3)}`;

async function run(
  config: Record<string, unknown>,
  text: string | undefined = RECORDING,
  more: Parameters<typeof startFlow>[1] = [],
  wires = ["out"],
) {
  const file = join(directory, "recording.csv");
  if (text !== undefined) writeFileSync(file, text);
  await startFlow(
    [withHooks(replay), coreNode("function/10-function")],
    [
      {
        id: "n",
        type: "gatewise-replay",
        version: 1,
        file,
        deviceId: "room-1",
        begin: "message",
        wires: [wires, ["said"]],
        ...config,
      },
      { id: "out", type: "helper" },
      { id: "said", type: "helper" },
      { id: "catch", type: "catch", scope: ["n"], wires: [["caught"]] },
      { id: "caught", type: "helper" },
      ...more,
    ],
  );
  const said = messagesAt("said");
  const events = (): unknown[] => said.map(({ payload }) => (payload as { event: string }).event);
  return { out: messagesAt("out"), said, caught: messagesAt("caught"), events };
}

const readingsOf = (messages: readonly NodeMessage[]): Reading[] =>
  messages.flatMap(({ payload }) => payload as Reading[]);
const reasons = (messages: readonly NodeMessage[]): string[] =>
  messages.map(({ error }) => (error as { message: string }).message);
const command = (name: string) => nodeOf("n").receive({ command: name });

describe("replay", () => {
  it("plays a recording when it is deployed, shifted to now, and says when it has ended", async () => {
    const before = Date.now();
    const { out, said, events } = await run({
      begin: "deploy",
      speed: 1000,
      units: [{ column: "Temperature", unit: "Cel" }],
    });
    await until(() => events().includes("ended"), "the end");
    const readings = readingsOf(out);
    expect(readings.map(({ sensor, value, unit }) => [sensor, value, unit])).toEqual([
      ["Temperature", 0, "Cel"],
      ["State", "on", "1"],
      ["Temperature", 1, "Cel"],
      ["State", "on", "1"],
      ["Temperature", 2, "Cel"],
      ["State", "on", "1"],
    ]);
    expect(readings.every(({ deviceId, timestamp }) => deviceId === "room-1" && timestamp >= before)).toBe(true);
    // A minute at a thousand times real time is 60 ms.
    expect(readings[2]!.timestamp - readings[0]!.timestamp).toBe(60);
    expect(out[0]?.topic).toBe("room-1");
    expect(events()).toEqual(["started", "ended"]);
    expect(said[1]?.payload).toMatchObject({ deviceId: "room-1", rounds: 1, rows: 3, readings: 6, problems: 0 });
    await until(() => statusOf("n").startsWith("ended: 2015-02-04T00:02, 3 rows"), "the status");
  });

  it("keeps the recorded times and marks readings as historical", async () => {
    const { out, events } = await run({ pace: "max", times: "keep", columns: ["Temperature"] });
    nodeOf("n").receive({});
    await until(() => events().includes("ended"), "the end");
    expect(readingsOf(out)[1]).toEqual({
      deviceId: "room-1",
      sensor: "Temperature",
      value: 1,
      unit: "1",
      timestamp: Date.UTC(2015, 1, 4, 0, 1),
      quality: "good",
      historical: true,
    });
    expect(metricsOfNodes.of("n")).toMatchObject({ in: 3, out: 3, refused: 0 });
  });

  it("pauses, resumes, stops and starts again by command", async () => {
    const { out, events } = await run({ speed: 1 });
    command("start");
    await until(() => out.length === 1, "the first row");
    command("pause");
    await until(() => statusOf("n").startsWith("paused"), "the pause");
    command("pause");
    command("resume");
    command("stop");
    command("stop");
    command("start");
    await until(() => out.length === 2, "the first row again");
    expect(events()).toEqual(["started", "paused", "resumed", "stopped", "started"]);
    expect(readingsOf(out).map(({ value }) => value)).toEqual([0, "on", 0, "on"]);
  });

  it("begins again at the end", async () => {
    const { out } = await run({ speed: 60_000, loop: true });
    command("start");
    await until(() => readingsOf(out).length > 12, "the third round");
    expect(
      readingsOf(out)
        .filter(({ sensor }) => sensor === "Temperature")
        .slice(0, 6)
        .map(({ value }) => value),
    ).toEqual([0, 1, 2, 0, 1, 2]);
  });

  it("plays as fast as the flow runs, and not faster", async () => {
    // The function node finishes 10 ms after it got a batch, and says how many it had at once.
    const slow =
      'global.set("n", (global.get("n") || 0) + 1); msg.at = global.get("n"); setTimeout(() => { global.set("n", global.get("n") - 1); node.send(msg); node.done(); }, 10);';
    const { out, events } = await run(
      { pace: "max" },
      `time,a,b\n${minutes(1000)}`,
      [{ id: "slow", type: "function", func: slow, outputs: 1, wires: [["out"]] }],
      ["slow"],
    );
    command("start");
    await until(() => events().includes("ended"), "the end");
    expect(readingsOf(out)).toHaveLength(2000);
    expect(out).toHaveLength(4);
    expect(out.map(({ at }) => at)).toEqual([1, 1, 1, 1]);
    expect(readingsOf(out).at(-1)!.timestamp - readingsOf(out)[0]!.timestamp).toBe(999 * 60_000);
  });

  it("reports each line that it cannot read, and plays the others", async () => {
    const { out, caught, events, said } = await run(
      { pace: "max" },
      `${RECORDING}noon,1,on\n2015-02-05,warm,on\n2015-02-06\n2015-02-07,4,off\n${minutes(20)}`,
    );
    command("start");
    await until(() => events().includes("ended"), "the end");
    await until(() => caught.length === 3, "the errors");
    expect(reasons(caught).map((reason) => reason.replace(/^.*recording.csv: /, ""))).toEqual([
      'line 5, column time: expected a time (iso), got "noon"',
      'line 6, column Temperature: expected a number, got "warm"',
      "line 7: expected 3 cells, got 1",
    ]);
    expect(caught[0]?.payload).toMatchObject({ line: 5, column: "time" });
    expect(said.at(-1)?.payload).toMatchObject({ problems: 3, readings: 49 });
    expect(readingsOf(out)).toHaveLength(49);
    expect(metricsOfNodes.of("n")).toMatchObject({ refused: 3, out: 49 });
  });

  it("counts the problems of a file full of them and reports the first twenty", async () => {
    const { caught, events, said } = await run(
      { pace: "max" },
      `time,x\n${minutes(5).replaceAll(",on", "")}${"2015-02-05,1,2\n".repeat(100)}`,
    );
    command("start");
    await until(() => events().includes("ended"), "the end");
    expect(said.at(-1)?.payload).toMatchObject({ problems: 100 });
    await until(() => caught.length === 20, "the errors");
    expect(reasons(caught)[19]).toMatch("(further ones are only counted)");
  });

  it.each([
    ["is missing", undefined, {}, /ENOENT/],
    ["has no times", "a,b\n1,2\n", {}, /expected a column of times/],
    [
      "lacks a column",
      RECORDING,
      { columns: ["CO2"] },
      /column "CO2": there is none; the file has time, Temperature, State/,
    ],
    [
      "has times of a zone that there is not",
      RECORDING,
      { timeZone: "Mars/Olympus" },
      /IANA name such as Europe\/Berlin/,
    ],
  ])("says so when the file %s, and can be started again", async (_what, text, config, reason) => {
    const { caught, events, out } = await run(config, text ?? undefined);
    if (text === undefined) rmSync(join(directory, "recording.csv"), { force: true });
    command("start");
    await until(() => events().includes("failed") && caught.length === 1, "the failure");
    expect(reasons(caught)[0]).toMatch(reason);
    expect(out).toEqual([]);
    command("start");
    await until(() => caught.length === 2, "the second failure");
  });

  it("plays CSV text from a message, and again without", async () => {
    const { out, caught, events } = await run({ source: "payload", pace: "max", file: "" }, undefined);
    command("start");
    await until(() => caught.length === 1, "the error");
    expect(reasons(caught)[0]).toMatch("msg.payload: expected CSV text, got undefined");
    nodeOf("n").receive({ payload: RECORDING });
    await until(() => events().includes("ended"), "the end");
    expect(readingsOf(out)).toHaveLength(6);
    command("start");
    await until(() => readingsOf(out).length === 12, "the second time");
    nodeOf("n").receive({ payload: Buffer.from("time,x\n2015-02-04,1\n") });
    await until(() => readingsOf(out).length === 13, "another text");
    expect(readingsOf(out)[12]).toMatchObject({ sensor: "x", value: 1 });
  });

  it("refuses a device id that is none", async () => {
    const { caught } = await run({ deviceId: "a/b" });
    command("start");
    await until(() => caught.length > 0, "the error");
    expect(reasons(caught)[0]).toMatch("expected an id without /, + and #");
  });

  it.skipIf(!existsSync("/proc/self/fd"))(
    "closes its file when it is stopped, started anew or deployed in the middle of it",
    async () => {
      const opened = (): number =>
        readdirSync("/proc/self/fd").filter((fd) => {
          try {
            return readlinkSync(`/proc/self/fd/${fd}`).startsWith(directory);
          } catch {
            return false;
          }
        }).length;
      // Larger than what the streams read ahead, so that the file is open while it is played.
      const long = `time,a,b\n${minutes(20_000)}`;
      for (let round = 0; round < 5; round++) {
        const { out } = await run({ speed: 1 }, long);
        for (const name of ["start", "start", "pause", "start", "stop", "start"]) command(name);
        await until(() => out.length > 0 && opened() === 1, "the one player at work");
        await stopFlow();
        await until(() => opened() === 0, "the file is closed");
      }
    },
  );
});
