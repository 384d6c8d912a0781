import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Metrics } from "../../../kit/metrics";
import { bucketQuantile, Exposer, nodeFamilies } from "../../../lib/monitor";

describe("the latency of a node", () => {
  it("of a share of messages is known to within a third, whatever they are", () => {
    const latencies = fc.array(fc.double({ min: 0.0125, max: 9999, noNaN: true }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(latencies, (each) => {
        const metrics = new Metrics();
        for (const ms of each) metrics.took(ms);
        const p95 = bucketQuantile(metrics.snapshot().latency, 0.95)!;
        // The smallest that 95 of 100 do not exceed.
        const exact = each.toSorted((a, b) => a - b)[Math.ceil(0.95 * each.length) - 1]!;
        expect(p95 / exact).toBeGreaterThan(0.75);
        expect(p95 / exact).toBeLessThan(1.3334);
      }),
    );
  });

  it("is exposed with bounds as they are written, a factor of about three apart however fine the counts are", async () => {
    const metrics = new Metrics();
    for (const ms of [0.02, 2, 2, 50]) metrics.took(ms);
    const { body } = await (await Exposer.load()).expose(
      nodeFamilies([{ id: "n", type: "t", name: "", metrics: metrics.snapshot() }]),
    );
    const buckets = [...body.matchAll(/_bucket\{.*le="([^"]+)"\} (\d+)/g)].map(([, le, count]) => `${le} ${count}`);
    expect(buckets).toEqual([
      "0.00001 0",
      "0.00003 1",
      "0.0001 1",
      "0.0003 1",
      "0.001 1",
      "0.003 3",
      "0.01 3",
      "0.03 3",
      "0.1 4",
      "0.3 4",
      "1 4",
      "3 4",
      "10 4",
      "+Inf 4",
    ]);
  });
});
