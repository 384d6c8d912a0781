import { resolve } from "node:path";
import { connectAsync } from "mqtt";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { DeviceBench } from "../support/devices";
import { freePort, passwordFile, startMosquitto, until } from "../support/mosquitto";
import { missing, missingData } from "../support/needs";

let bench: DeviceBench;

describe.skipIf(missing("mosquitto"))("a recording published to a real broker", () => {
  beforeAll(async () => {
    bench = await DeviceBench.open();
  });
  afterEach(() => bench.reset());
  afterAll(() => bench?.close());

  it("publishes a message a row at the chosen speed, shifted to now", async () => {
    const file = bench.file(
      "room.csv",
      'index;"When";Temperature;Open\n1;04/02/2015 17:51;23,18;true\n2;04/02/2015 17:52;23,15;false\n',
    );
    const before = Date.now();
    const { code, said } = await bench.run(
      "replay",
      file,
      "--device",
      "room-1",
      "--broker",
      bench.broker.url,
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
    await until("all messages", () => bench.messagesOf("room-1") === 2);
    const readings = bench.readingsOf("room-1");
    expect(readings.map(({ sensor, value, unit, seq }) => [sensor, value, unit, seq])).toEqual([
      ["Temperature", 23.18, "Cel", 0],
      ["Open", true, "1", 0],
      ["Temperature", 23.15, "Cel", 1],
      ["Open", false, "1", 1],
    ]);
    expect(readings[0]!.timestamp).toBeGreaterThanOrEqual(before);
    // A minute at a hundred times real time.
    expect(readings[2]!.timestamp - readings[0]!.timestamp).toBe(600);
    await until("the goodbye", () => bench.statusesOf("room-1").length === 2);
    expect(bench.statusesOf("room-1")).toEqual(["online", "offline"]);
  });

  it("keeps recorded times when asked, and says that they are historical", async () => {
    const file = bench.file("kept.csv", "time,x\n2015-02-04 17:51:00,1\n");
    const { code } = await bench.run(
      "replay",
      file,
      "--device",
      "kept",
      "--broker",
      bench.broker.url,
      "--speed",
      "max",
      "--keep-time",
      "--time-zone",
      "Europe/Berlin",
    ).exited;
    expect(code).toBe(0);
    await until("the message", () => bench.readingsOf("kept").length === 1);
    expect(bench.readingsOf("kept")[0]).toMatchObject({ timestamp: Date.UTC(2015, 1, 4, 16, 51), historical: true });
  });

  it("reports lines that it cannot read and publishes the others", async () => {
    const rows = Array.from({ length: 10 }, (_, index) => `2015-02-04 17:0${index}:00,${index}\n`).join("");
    const file = bench.file("bad.csv", `time,x\n${rows}nonsense,5\n2015-02-04 18:00:00,warm\n`);
    const { code, said } = await bench.run(
      "replay",
      file,
      "--device",
      "bad",
      "--broker",
      bench.broker.url,
      "--speed",
      "max",
    ).exited;
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
    const { exited } = bench.run(
      "replay",
      bench.file("long.csv", `time,x\n${rows}`),
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
    const file = bench.file("slow.csv", "time,x\n2015-02-04 17:51:00,1\n2015-02-05 17:51:00,2\n");
    const { child, exited } = bench.run(
      "replay",
      file,
      "--device",
      "slow",
      "--broker",
      bench.broker.url,
      "--speed",
      "1",
    );
    await until("the first row", () => bench.readingsOf("slow").length === 1);
    child.kill("SIGINT");
    const { code, said } = await exited;
    expect({ code, said }).toMatchObject({ code: 0, said: expect.stringMatching("published 1 rows, 1 readings") });
    await until("the goodbye", () => bench.statusesOf("slow").at(-1) === "offline");
  });

  it("says that the broker refuses it, or is not there", async () => {
    const own = await startMosquitto(
      (dir) => `allow_anonymous false\npassword_file ${passwordFile(dir, "device", "secret")}`,
    );
    const file = bench.file("one.csv", "time,x\n2015-02-04 17:51:00,1\n");
    const refused = await bench.run("replay", file, "--device", "one", "--broker", own.url).exited;
    expect(refused).toMatchObject({
      code: 1,
      said: expect.stringMatching(/replay: the broker refused the connection: .*[Nn]ot authorized/),
    });
    const withPassword = own.url.replace("//", "//device:secret@");
    const accepted = await bench.run("replay", file, "--device", "one", "--broker", withPassword).exited;
    expect(accepted.code).toBe(0);
    expect(accepted.said).not.toMatch("secret");
    await own.remove();
    const nowhere = await bench.run(
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
    const { code, said } = await bench.run("replay", ...args).exited;
    expect(said).toMatch(reason);
    expect(said).not.toMatch(/ {4}at /);
    expect(code).toBe(2);
  });

  const occupancy = resolve(__dirname, "../../../shared/data/occupancy/datatest.txt");
  it.skipIf(missingData(occupancy))("publishes a recording of a real room whole", async () => {
    const { code, said } = await bench.run(
      "replay",
      occupancy,
      "--device",
      "office",
      "--broker",
      bench.broker.url,
      "--speed",
      "max",
    ).exited;
    // 2 665 rows: description of the data set (UCI 357).
    expect({ code, said }).toMatchObject({
      code: 0,
      said: expect.stringMatching("published 2665 rows, 15990 readings"),
    });
    await until("all messages", () => bench.messagesOf("office") === 2665);
    expect(bench.readingsOf("office")).toHaveLength(15_990);
  });
});
