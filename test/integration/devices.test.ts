import { connectAsync } from "mqtt";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { parseScenario, plantedEvents, type Scenario } from "../../lib/simulation";
import { DeviceBench } from "../support/devices";
import { startMosquitto, until } from "../support/mosquitto";
import { missing } from "../support/needs";

let bench: DeviceBench;

describe.skipIf(missing("mosquitto"))("simulated devices on a real broker", () => {
  beforeAll(async () => {
    bench = await DeviceBench.open();
  });
  afterEach(() => bench.reset());
  afterAll(() => bench?.close());

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
  const scenarioFile = () => bench.file("test.json", JSON.stringify(scenario));

  it("publishes what the scenario says, and every planted event can be seen from outside", async () => {
    const { child, exited } = bench.run("simulate", scenarioFile(), "--broker", bench.broker.url, "--time-scale", "10");
    await until("the excursion has passed", () => bench.readingsOf("probe").length >= 40);
    child.kill("SIGTERM");
    const { code, said } = await exited;
    expect(code).toBe(0);
    expect(said).toMatch(/2 devices of test publish to mqtt:\/\/127\.0\.0\.1:\d+/);
    expect(said).toMatch(/published \d+ messages in \d+\.\d s; [1-9]\d* were due while a device was off the network/);

    const readings = bench.readingsOf("probe");
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
    await until("both goodbyes", () => bench.statusesOf("flaky").length >= 4 && bench.statusesOf("probe").length >= 2);
    expect(bench.statusesOf("flaky")).toEqual(["online", "offline", "online", "offline"]);
    expect(bench.statusesOf("probe")).toEqual(["online", "offline"]);
    const late = await connectAsync(bench.broker.url);
    const retained = new Promise<string>((resolve) => {
      late.on("message", (_, payload, { retain }) => resolve(`${retain ? "retained" : "live"} ${payload}`));
    });
    await late.subscribeAsync("devices/flaky/status");
    expect(await retained).toBe('retained {"status":"offline"}');
    await late.endAsync(true);
  });

  it("lets the broker say offline for it when it is killed", async () => {
    const { child } = bench.run("simulate", scenarioFile(), "--broker", bench.broker.url);
    await until("telemetry", () => bench.readingsOf("probe").length > 0);
    child.kill("SIGKILL");
    await until(
      "the last will",
      () => bench.statusesOf("probe").at(-1) === "offline" && bench.statusesOf("flaky").at(-1) === "offline",
    );
  });

  it("runs the shipped scenarios, and comes back when the broker was away", async () => {
    const own = await startMosquitto();
    const { child, exited } = bench.run("simulate", "--broker", own.url, "--time-scale", "5");
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
    const { code, said } = await bench.run("simulate", ...args).exited;
    expect(said).toMatch(reason);
    expect(said).not.toMatch(/ {4}at /);
    expect(code).toBe(2);
  });
});
