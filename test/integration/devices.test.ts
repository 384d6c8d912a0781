import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { connectAsync, type MqttClient } from "mqtt";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../../lib/codec";
import { jsonCodec } from "../../lib/codec/native-json";
import type { Reading } from "../../lib/reading";
import { parseScenario, plantedEvents, type Scenario } from "../../lib/simulation";
import { freePort, type Mosquitto, passwordFile, startMosquitto, until } from "../support/mosquitto";
import { missing, missingData } from "../support/needs";

const root = resolve(__dirname, "../..");
const codec = jsonCodec(DEFAULT_LIMITS);

interface Told {
  readonly device: string;
  readonly kind: string;
  readonly payload: Buffer;
  readonly retain: boolean;
}

let broker: Mosquitto;
let watcher: MqttClient;
let told: Told[] = [];
let directory: string;
const children: ChildProcess[] = [];

/** Runs one of the commands; `exited` gives its code and what it said. */
function run(script: "simulate" | "replay", ...args: string[]) {
  const child = spawn(process.execPath, [join(root, `scripts/devices/${script}.mjs`), ...args], { cwd: directory });
  children.push(child);
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => (said += chunk));
  const exited = once(child, "exit").then(([code]) => ({ code: code as number, said }));
  return { child, exited };
}

const of = (device: string, kind: string): Told[] => told.filter((one) => one.device === device && one.kind === kind);
const statuses = (device: string): string[] =>
  of(device, "status").map(({ payload }) => JSON.parse(payload.toString()).status);
const readingsOf = (device: string): Reading[] =>
  of(device, "telemetry").flatMap(({ payload }) =>
    codec.decode(payload, { deviceId: device, topic: "", receivedAt: 0 }),
  );

describe.skipIf(missing("mosquitto"))("devices on a real broker", () => {
  beforeAll(async () => {
    broker = await startMosquitto();
    watcher = await connectAsync(broker.url);
    watcher.on("message", (topic, payload, { retain }) => {
      const [, device = "", kind = ""] = topic.split("/");
      told.push({ device, kind, payload, retain });
    });
    await watcher.subscribeAsync("devices/#", { qos: 1 });
    directory = mkdtempSync(join(tmpdir(), "gatewise-devices-"));
  });

  afterEach(() => {
    for (const child of children.splice(0)) child.kill("SIGKILL");
    told = [];
  });

  afterAll(async () => {
    await watcher?.endAsync(true);
    await broker?.remove();
    rmSync(directory, { recursive: true, force: true });
  });

  describe("simulate", () => {
    const scenario: Scenario = parseScenario({
      name: "test",
      seed: 5,
      devices: [
        {
          id: "probe",
          interval: 1,
          metadata: { site: "test" },
          sensors: [{ type: "temperature", unit: "Cel", curve: { kind: "constant", value: 20 }, noise: 0.1 }],
          events: [{ kind: "excursion", sensor: "temperature", value: 45, at: 20, duration: 10, ramp: 1 }],
        },
        {
          id: "flaky",
          interval: 1,
          sensors: [{ type: "level", unit: "%", curve: { kind: "constant", value: 50 } }],
          events: [{ kind: "dropout", at: 10, duration: 10, every: 1000 }],
        },
      ],
    });
    const scenarioFile = () => {
      const file = join(directory, "test.json");
      writeFileSync(file, JSON.stringify(scenario));
      return file;
    };

    it("publishes what the scenario says, and every planted event can be seen from outside", async () => {
      const { child, exited } = run("simulate", scenarioFile(), "--broker", broker.url, "--time-scale", "10");
      await until("the excursion has passed", () => readingsOf("probe").length >= 40);
      child.kill("SIGTERM");
      const { code, said } = await exited;
      expect(code).toBe(0);
      expect(said).toMatch(/2 devices of test publish to mqtt:\/\/127\.0\.0\.1:\d+/);
      expect(said).toMatch(/published \d+ messages in \d+\.\d s; [1-9]\d* were due while a device was off the network/);

      const readings = readingsOf("probe");
      expect(readings[0]).toMatchObject({
        deviceId: "probe",
        sensor: "temperature",
        unit: "Cel",
        quality: "good",
        metadata: { site: "test" },
      });
      expect(readings.map(({ seq }) => seq)).toEqual(readings.map((_, index) => index));
      expect(Math.abs(readings[0]!.timestamp - Date.now())).toBeLessThan(120_000);
      // One measurement a second, ten of them from the planted excursion on.
      const hot = readings.filter(({ value }) => Number(value) > 40).length;
      expect(plantedEvents(scenario, 40)).toContainEqual({
        deviceId: "probe",
        sensor: "temperature",
        kind: "excursion",
        from: 20,
        to: 30,
      });
      expect(hot).toBeGreaterThanOrEqual(7);
      expect(hot).toBeLessThanOrEqual(10);

      // Online, off the network by the last will, online again, and a goodbye.
      await until("both goodbyes", () => statuses("flaky").length >= 4 && statuses("probe").length >= 2);
      expect(statuses("flaky")).toEqual(["online", "offline", "online", "offline"]);
      expect(statuses("probe")).toEqual(["online", "offline"]);
      const late = await connectAsync(broker.url);
      const retained = new Promise<Told>((resolve) => {
        late.on("message", (_, payload, { retain }) => resolve({ device: "flaky", kind: "status", payload, retain }));
      });
      await late.subscribeAsync("devices/flaky/status");
      expect(await retained).toMatchObject({ retain: true, payload: Buffer.from('{"status":"offline"}') });
      await late.endAsync(true);
    });

    it("lets the broker say offline for it when it is killed", async () => {
      const { child } = run("simulate", scenarioFile(), "--broker", broker.url);
      await until("telemetry", () => readingsOf("probe").length > 0);
      child.kill("SIGKILL");
      await until(
        "the last will",
        () => statuses("probe").at(-1) === "offline" && statuses("flaky").at(-1) === "offline",
      );
    });

    it("runs the shipped scenarios, and comes back when the broker was away", async () => {
      const own = await startMosquitto();
      const { child, exited } = run("simulate", "--broker", own.url, "--time-scale", "5");
      const count = async (): Promise<number> => {
        const client = await connectAsync(own.url);
        const devices = new Set<string>();
        client.on("message", (topic) => devices.add(topic));
        await client.subscribeAsync("devices/+/telemetry");
        await until("all devices are heard", () => devices.size === 17, 30_000);
        await client.endAsync(true);
        return devices.size;
      };
      expect(await count()).toBe(17);
      await own.stop();
      await own.start();
      expect(await count()).toBe(17);
      child.kill("SIGTERM");
      expect((await exited).code).toBe(0);
      await own.remove();
    });

    it.each([
      [["nowhere"], /there is no scenario "nowhere": expected building, farm, ward or a file/],
      [["farm", "farm"], /two scenarios have a device "farm-field-north"/],
      [["--time-scale", "0"], /--time-scale: expected a number above 0, got "0"/],
      [["--broker", "localhost"], /--broker: expected a URL such as mqtt:\/\/127\.0\.0\.1:1883, got "localhost"/],
      [["--loud"], /Unknown option '--loud'/],
    ])("says what is wrong with %j", async (args, reason) => {
      const { code, said } = await run("simulate", ...args).exited;
      expect(said).toMatch(reason);
      expect(said).not.toMatch(/ {4}at /);
      expect(code).toBe(2);
    });
  });

  describe("replay", () => {
    const recording = (name: string, text: string): string => {
      const file = join(directory, name);
      writeFileSync(file, text);
      return file;
    };

    it("publishes a message a row at the chosen speed, shifted to now", async () => {
      const file = recording(
        "room.csv",
        'index;"When";Temperature;Open\n1;04/02/2015 17:51;23,18;true\n2;04/02/2015 17:52;23,15;false\n',
      );
      const before = Date.now();
      const { code, said } = await run(
        "replay",
        file,
        "--device",
        "room-1",
        "--broker",
        broker.url,
        "--speed",
        "100",
        "--unit",
        "Temperature=Cel",
        "--columns",
        "Temperature,Open",
      ).exited;
      expect({ code, said }).toMatchObject({
        code: 0,
        said: expect.stringMatching(/published 2 rows, 4 readings in \d+\.\d s\n$/),
      });
      await until("all messages", () => of("room-1", "telemetry").length === 2);
      const readings = readingsOf("room-1");
      expect(readings.map(({ sensor, value, unit, seq }) => [sensor, value, unit, seq])).toEqual([
        ["Temperature", 23.18, "Cel", 0],
        ["Open", true, "1", 0],
        ["Temperature", 23.15, "Cel", 1],
        ["Open", false, "1", 1],
      ]);
      expect(readings[0]!.timestamp).toBeGreaterThanOrEqual(before);
      // A minute at a hundred times real time.
      expect(readings[2]!.timestamp - readings[0]!.timestamp).toBe(600);
      await until("the goodbye", () => statuses("room-1").length === 2);
      expect(statuses("room-1")).toEqual(["online", "offline"]);
    });

    it("keeps recorded times when asked, and says that they are historical", async () => {
      const file = recording("kept.csv", "time,x\n2015-02-04 17:51:00,1\n");
      const { code } = await run(
        "replay",
        file,
        "--device",
        "kept",
        "--broker",
        broker.url,
        "--speed",
        "max",
        "--keep-time",
        "--time-zone",
        "Europe/Berlin",
      ).exited;
      expect(code).toBe(0);
      await until("the message", () => readingsOf("kept").length === 1);
      expect(readingsOf("kept")[0]).toMatchObject({ timestamp: Date.UTC(2015, 1, 4, 16, 51), historical: true });
    });

    it("reports lines that it cannot read and publishes the others", async () => {
      const rows = Array.from({ length: 10 }, (_, index) => `2015-02-04 17:0${index}:00,${index}\n`).join("");
      const file = recording("bad.csv", `time,x\n${rows}nonsense,5\n2015-02-04 18:00:00,warm\n`);
      const { code, said } = await run("replay", file, "--device", "bad", "--broker", broker.url, "--speed", "max")
        .exited;
      expect(code).toBe(0);
      expect(said).toMatch('line 12, column time: expected a time (iso), got "nonsense"');
      expect(said).toMatch('line 13, column x: expected a number, got "warm"');
      expect(said).toMatch("published 10 rows, 10 readings");
      expect(said).toMatch("2 lines or cells refused");
    });

    it("loses nothing when the broker goes away in the middle", async () => {
      const own = await startMosquitto("allow_anonymous true\npersistence true");
      const received = new Set<number>();
      const client = await connectAsync(own.url, { clientId: "keeper", clean: false, reconnectPeriod: 100 });
      client.on("message", (_, payload) => received.add(JSON.parse(payload.toString()).seq));
      await client.subscribeAsync("devices/long/telemetry", { qos: 1 });
      const rows = Array.from(
        { length: 3000 },
        (_, index) => `${new Date(1.6e12 + index * 1000).toISOString()},${index}\n`,
      ).join("");
      const { exited } = run(
        "replay",
        recording("long.csv", `time,x\n${rows}`),
        "--device",
        "long",
        "--broker",
        own.url,
        "--speed",
        "1000",
      );
      await until("some rows", () => received.size > 500);
      await own.stop();
      await own.start();
      const { code, said } = await exited;
      expect({ code, said }).toMatchObject({
        code: 0,
        said: expect.stringMatching("published 3000 rows, 3000 readings"),
      });
      await until("every row", () => received.size === 3000);
      await client.endAsync(true);
      await own.remove();
    });

    it("ends in good order when it is stopped", async () => {
      const file = recording("slow.csv", "time,x\n2015-02-04 17:51:00,1\n2015-02-05 17:51:00,2\n");
      const { child, exited } = run("replay", file, "--device", "slow", "--broker", broker.url, "--speed", "1");
      await until("the first row", () => readingsOf("slow").length === 1);
      child.kill("SIGINT");
      const { code, said } = await exited;
      expect({ code, said }).toMatchObject({ code: 0, said: expect.stringMatching("published 1 rows, 1 readings") });
      await until("the goodbye", () => statuses("slow").at(-1) === "offline");
    });

    it("says that the broker refuses it, or is not there", async () => {
      const own = await startMosquitto(
        (dir) => `allow_anonymous false\npassword_file ${passwordFile(dir, "device", "secret")}`,
      );
      const file = recording("one.csv", "time,x\n2015-02-04 17:51:00,1\n");
      const refused = await run("replay", file, "--device", "one", "--broker", own.url).exited;
      expect(refused).toMatchObject({
        code: 1,
        said: expect.stringMatching(/replay: the broker refused the connection: .*[Nn]ot authorized/),
      });
      const withPassword = own.url.replace("//", "//device:secret@");
      const accepted = await run("replay", file, "--device", "one", "--broker", withPassword).exited;
      expect(accepted.code).toBe(0);
      expect(accepted.said).not.toMatch("secret");
      await own.remove();
      const nowhere = await run(
        "replay",
        file,
        "--device",
        "one",
        "--broker",
        `mqtt://127.0.0.1:${await freePort()}`,
        "--wait",
        "1",
      ).exited;
      expect(nowhere).toMatchObject({
        code: 1,
        said: expect.stringMatching(/did not accept a connection within 1 s: .*ECONNREFUSED/),
      });
    });

    it.each([
      [[], /expected one FILE\.csv, got 0/],
      [["x.csv"], /--device ID is missing/],
      [["x.csv", "--device", "a/b"], /--device: must not contain \//],
      [["x.csv", "--device", "d"], /x\.csv: ENOENT/],
      [["x.csv", "--device", "d", "--speed", "fast"], /speed: expected a number above 0 or max, got "fast"/],
      [
        ["x.csv", "--device", "d", "--timestamp-format", "stardate"],
        /expected auto, iso, seconds, milliseconds or a pattern like DD\/MM\/YYYY/,
      ],
      [["x.csv", "--device", "d", "--unit", "Cel"], /--unit: expected COLUMN=CODE/],
    ])("says what is wrong with %j", async (args, reason) => {
      const { code, said } = await run("replay", ...args).exited;
      expect(said).toMatch(reason);
      expect(said).not.toMatch(/ {4}at /);
      expect(code).toBe(2);
    });

    const occupancy = resolve(root, "../shared/data/occupancy/datatest.txt");
    it.skipIf(missingData(occupancy))("publishes a recording of a real room whole", async () => {
      const { code, said } = await run(
        "replay",
        occupancy,
        "--device",
        "office",
        "--broker",
        broker.url,
        "--speed",
        "max",
      ).exited;
      // 2 665 rows: description of the data set (UCI 357).
      expect({ code, said }).toMatchObject({
        code: 0,
        said: expect.stringMatching("published 2665 rows, 15990 readings"),
      });
      await until("all messages", () => of("office", "telemetry").length === 2665);
      expect(readingsOf("office")).toHaveLength(15_990);
    });
  });
});
