import { expect, it } from "vitest";
import { recordedBus } from "../../test/support/recorded-bus";
import { BusError } from "../bus";
import { SimulatedBus } from "../bus/simulated";
import { relay } from "./relay";

function bench(options: Record<string, unknown> = {}) {
  const bus = new SimulatedBus("gpio");
  const { log, shared } = recordedBus(bus);
  return { bus, log, shared, session: relay.connect(shared, { options }) };
}

it("is requested with the level that it is to have, so that it does not click", async () => {
  const { log, session } = bench({ line: 4, on: "low" });
  await session.makeSafe();
  await session.set("relay", true);
  await session.set("relay", false);
  await session.close();
  expect(log).toEqual(["4=1", "4=0", "4=1", "4 free"]);
});

it("is on at the high level unless said otherwise", async () => {
  const { log, session } = bench();
  await session.set("relay", true);
  expect(log).toEqual(["17=1"]);
});

it("takes only on and off, and a line only once", async () => {
  const { session, shared } = bench();
  await expect(session.set("relay", 1)).rejects.toThrow("relay: expected a boolean, got 1");
  await session.set("relay", true);
  await expect(relay.connect(shared).set("relay", true)).rejects.toMatchObject({ code: "busy" });
});

it("says when the chip is gone", async () => {
  const { bus, session } = bench();
  await session.set("relay", true);
  bus.breakDown(new BusError("gone", "the chip was removed"));
  await expect(session.set("relay", false)).rejects.toMatchObject({ name: "BusError", code: "gone" });
});
