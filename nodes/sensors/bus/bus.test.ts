import { afterEach, describe, expect, it } from "vitest";
import type { CatalogEntry } from "../../../lib/sensing";
import { statusOf } from "../../../test/support/hooks";
import { helper, messagesAt, startFlow, stopFlow, until } from "../../../test/support/red";
import sensor from "../sensor/sensor";
import bus from "./bus";

afterEach(stopFlow);

interface Response {
  readonly status: number;
  readonly body: unknown;
}
interface Request {
  get(path: string): Promise<Response>;
  post(path: string): Promise<Response>;
}
const request = () => (helper as unknown as { request(): Request }).request();

const I2C = { id: "bus", type: "gatewise-bus", z: "", version: 1, kind: "i2c", connection: "simulated" };

describe("bus", () => {
  it("serves the list of drivers, and who is on the bus", async () => {
    await startFlow([bus, sensor], [{ ...I2C, parts: [{ driver: "bme280", place: "0x77", options: "" }] }]);
    const drivers = await request().get("/gatewise/bus/drivers");
    expect(drivers.status).toBe(200);
    expect((drivers.body as CatalogEntry[]).find(({ id }) => id === "sht31")).toMatchObject({
      what: "temperature and humidity",
    });
    const scan = await request().post("/gatewise/bus/bus/scan");
    expect(scan.body).toMatchObject([{ place: "0x77" }]);
    expect((await request().get("/gatewise/bus/bus/scan")).status).toBe(404);
  });

  it("says why nobody can be asked", async () => {
    await startFlow([bus], [{ ...I2C, kind: "spi" }]);
    const { status, body } = await request().post("/gatewise/bus/bus/scan");
    expect({ status, body }).toMatchObject({ status: 500, body: { error: expect.stringContaining("SPI do not say") } });
  });

  it("shows when it worked last", async () => {
    await startFlow(
      [bus, sensor],
      [
        { ...I2C, name: "header" },
        { id: "n", type: "gatewise-sensor", bus: "bus", driver: "sht31", interval: 0.1, wires: [["out"]] },
        { id: "out", type: "helper" },
      ],
    );
    const out = messagesAt("out");
    await until(() => out.length > 0, "a reading");
    await until(() => /^simulated header: worked last at \d\d:\d\d:\d\d$/.test(statusOf("bus")), "the status");
  });

  it("refuses two ways to open one bus", async () => {
    const serial = { ...I2C, kind: "serial", connection: "wire", path: "/dev/ttyNONE" };
    await startFlow(
      [bus, sensor],
      [
        { ...serial, id: "bus" },
        { ...serial, id: "other", baudRate: 115_200 },
        { id: "n", type: "gatewise-sensor", bus: "other", driver: "pms5003", wires: [[]] },
      ],
    );
    await until(() => statusOf("n").includes("is in use with other settings (9600 8N1)"), "the refusal");
  });
});
