import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { SeriesStates, StoreService } from "../lib/store/contract";
import { NodeContext, SERVICE } from "./context";
import { Metrics } from "./metrics";
import type { Red, RedNode } from "./red";
import { link, nodeSchema } from "./schema";
import { Status } from "./status";

const schema = nodeSchema("specimen", {
  family: "process",
  summary: "Under test.",
  version: 1,
  config: { store: link("Store", "gatewise-store") },
});

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A node in whose store one state of so many characters is kept, and changed all the time. */
function saving(characters: number) {
  const moments: number[] = [];
  const states: SeriesStates = {
    load: () => undefined,
    save: (entries) => {
      const [first] = [...entries];
      moments.push(Date.now());
      return JSON.stringify(first?.[1]).length;
    },
    names: () => [],
    clear: () => {},
  };
  const store = { seriesStates: () => states } as Partial<StoreService> as StoreService;
  const red = { nodes: { getNode: () => ({ [SERVICE]: store }) } } as unknown as Red;
  const node = { id: "n", type: schema.type, status: () => {}, warn: () => {} } as unknown as RedNode;
  const context = new NodeContext(red, node, schema, { store: "s" }, new Status(node), new Metrics());
  const series = context.perSeries(() => ({ snapshot: () => "x".repeat(characters) }));
  const change = (): void => void series.ofKey("d/a");
  change();
  setInterval(change, 1000);
  return { context, moments };
}

it("saves small states twice a minute, and large ones rarely: memory cards wear out by what is written", async () => {
  const [small, middle, large] = [100, 400_000, 4_000_000].map(saving);
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(small?.moments.length).toBeGreaterThanOrEqual(119);
  expect(middle?.moments.length).toBeGreaterThanOrEqual(30);
  expect(middle?.moments.length).toBeLessThanOrEqual(37);
  // No more than a quarter of an hour is lost when the power fails.
  expect(large?.moments.length).toBeGreaterThanOrEqual(4);
  expect(large?.moments.length).toBeLessThanOrEqual(5);
});

it("saves at close, however long ago the last time was", async () => {
  const { context, moments } = saving(4_000_000);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(moments).toHaveLength(1);
  await context.close();
  expect(moments).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(moments).toHaveLength(2);
});
