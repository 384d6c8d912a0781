import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { adminRequest, command, errorOf, folder, reading, runDevices, send } from "../../../test/support/device-flow";
import { messagesAt, startFlow, stopFlow, until } from "../../../test/support/red";
import storeNode from "../../storage/store/store";
import device from "../device/device";
import registryNode from "./registry";

describe("the registry node", () => {
  it("has its devices after a redeploy", async () => {
    const before = await runDevices();
    await command(before, { command: "register", payload: { id: "a", name: "Pump", configuration: { hz: 5 } } });
    send(reading("b"));
    await until(() => before.passed.length === 1, "the reading");
    await stopFlow();
    const after = await runDevices();
    expect(await command(after, { command: "list" })).toMatchObject({
      counts: { online: 1, offline: 1 },
      devices: [
        { id: "a", name: "Pump", configuration: { hz: 5 } },
        { id: "b", status: "online" },
      ],
    });
    expect(after.told).toEqual([]);
  });

  it("takes silent devices offline", async () => {
    const seen = await runDevices({ registry: { offlineAfter: 1 }, events: { events: ["offline"] } });
    send(reading("a"));
    await until(() => seen.told.length === 1, "the device to go offline");
    expect(seen.told[0]?.payload).toMatchObject({ event: "offline", device: { id: "a", status: "offline" } });
  });

  it("serves its devices to scripts, by permission", async () => {
    const seen = await runDevices();
    send(reading("a"), reading("b"));
    await until(() => seen.passed.length === 1, "the readings");
    const response = await adminRequest().get("/gatewise/registry/registry/devices?text=b&limit=10").expect(200);
    expect(response.body).toMatchObject({ counts: { online: 2 }, total: 1, devices: [{ id: "b", status: "online" }] });
  });

  it("refuses a second registry for the same devices, and says what to do", async () => {
    await startFlow(
      [storeNode, registryNode, device],
      [
        { id: "store", type: "gatewise-store", z: "", file: join(folder, "gatewise.db") },
        { id: "first", type: "gatewise-registry", z: "", store: "store" },
        { id: "second", type: "gatewise-registry", z: "", store: "store" },
        { id: "n", type: "gatewise-device", registry: "second", wires: [[], []] },
        { id: "catch", type: "catch", scope: ["n"], wires: [["caught"]] },
        { id: "caught", type: "helper" },
      ],
    );
    const caught = messagesAt("caught");
    send(reading("a"));
    await until(() => caught.length === 1, "the error");
    expect(errorOf(caught[0])).toMatch(/another registry already keeps the devices "devices" in this store/);
  });
});
