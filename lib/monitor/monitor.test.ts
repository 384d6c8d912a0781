import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { until } from "../../test/support/red";
import { EventLoopWatch } from "./event-loop";
import { Exposer } from "./exposition";
import { metricSources, type NodeCounts, nodeFamilies } from "./families";
import { bucketQuantile, countedSince } from "./histogram";
import { Threshold } from "./threshold";

describe("bucketQuantile", () => {
  it("interpolates within the bucket, as histogram_quantile of Prometheus does", () => {
    // Its documentation: buckets are cumulative there; 90th percentile of 10 up to 1, 80 up to 2, 10 up to 4: exactly 2.
    const buckets = { boundsMs: [1, 2, 4], buckets: [10, 80, 10, 0] };
    expect(bucketQuantile(buckets, 0.9)).toBe(2);
    expect(bucketQuantile(buckets, 0.5)).toBeCloseTo(1.5, 12);
    expect(bucketQuantile(buckets, 0.05)).toBeCloseTo(0.5, 12);
    expect(bucketQuantile(buckets, 0.95)).toBeCloseTo(3, 12);
  });

  it("knows nothing of nothing, and at most the last bound", () => {
    expect(bucketQuantile({ boundsMs: [1, 2], buckets: [0, 0, 0] }, 0.5)).toBeUndefined();
    expect(bucketQuantile({ boundsMs: [1, 2], buckets: [0, 0, 5] }, 0.99)).toBe(2);
  });

  it("of what was counted since begins anew with the counters", () => {
    const at = (...buckets: number[]) => ({ boundsMs: [1], buckets });
    expect(countedSince(at(5, 3), at(2, 3)).buckets).toEqual([3, 0]);
    expect(countedSince(at(1, 0), at(2, 3)).buckets).toEqual([1, 0]);
    expect(countedSince(at(1, 0), undefined).buckets).toEqual([1, 0]);
  });
});

describe("Threshold", () => {
  it("is exceeded from the limit on until the figure is back", () => {
    const threshold = new Threshold({ figure: "cpu", direction: "above", limit: 90, hysteresis: 10 });
    const seen = [50, 90, 91, 85, 80.1, 80, 85, 95].map((value) => [threshold.judge(value), threshold.exceeded]);
    expect(seen).toEqual([
      [false, false],
      [false, false],
      [true, true],
      [false, true],
      [false, true],
      [true, false],
      [false, false],
      [true, true],
    ]);
  });

  it("below a limit is the mirror image of above it", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -20, max: 20 })), fc.nat(5), (values, hysteresis) => {
        const above = new Threshold({ figure: "f", direction: "above", limit: 3, hysteresis });
        const below = new Threshold({ figure: "f", direction: "below", limit: -3, hysteresis });
        for (const value of values) {
          expect(below.judge(-value)).toBe(above.judge(value));
          expect(below.exceeded).toBe(above.exceeded);
        }
      }),
    );
  });

  it("refuses a limit that is none", () => {
    expect(() => new Threshold({ figure: "f", direction: "above", limit: Number.NaN, hysteresis: 0 })).toThrow(
      "f: expected a limit",
    );
    expect(() => new Threshold({ figure: "f", direction: "above", limit: 1, hysteresis: -1 })).toThrow(
      "hysteresis of 0 or more",
    );
  });
});

describe("EventLoopWatch", () => {
  let watch: EventLoopWatch | undefined;
  afterEach(() => watch?.close());

  const block = (ms: number): void => {
    const end = performance.now() + ms;
    while (performance.now() < end);
  };

  it("sees a stall, also one that comes right after it was asked", async () => {
    watch = new EventLoopWatch();
    watch.take();
    block(150);
    const figures = watch.take();
    // Up to one interval of 20 ms before the stall is no delay.
    expect(figures.max).toBeGreaterThan(120);
    expect(figures.utilisation).toBeGreaterThan(0);
    let total = 0;
    await until(() => {
      total += watch?.take().max ?? 0;
      return total >= 0;
    }, "a look");
    block(60);
    await until(() => (watch?.take().max ?? 0) > 30, "the second stall");
  });
});

describe("exposition", () => {
  const node = (id: string, over: Partial<NodeCounts["metrics"]> = {}): NodeCounts => ({
    id,
    type: "gatewise-window",
    name: 'the "best"\nwindow',
    metrics: {
      messages: 3,
      in: 30,
      out: 10,
      refused: 1,
      errors: 0,
      counts: { late: 2 },
      gauges: { p99: 1.5 },
      latency: { boundsMs: [1, 10], buckets: [2, 0, 1], sumMs: 42 },
      ...over,
    },
  });

  it("is Prometheus' text format, with what nodes are called escaped", async () => {
    const { body, contentType } = await (await Exposer.load()).expose(nodeFamilies([node("n1")]));
    expect(contentType).toContain("text/plain; version=0.0.4");
    const labels = 'id="n1",type="gatewise-window",name="the \\"best\\"\\nwindow"';
    // Prometheus, "Exposition formats": cumulative buckets, +Inf equal to _count.
    for (const line of [
      "# TYPE gatewise_node_latency_seconds histogram",
      `gatewise_node_latency_seconds_bucket{${labels},le="0.001"} 2`,
      `gatewise_node_latency_seconds_bucket{${labels},le="0.01"} 2`,
      `gatewise_node_latency_seconds_bucket{${labels},le="+Inf"} 3`,
      `gatewise_node_latency_seconds_sum{${labels}} 0.042`,
      `gatewise_node_latency_seconds_count{${labels}} 3`,
      "# TYPE gatewise_node_readings_in_total counter",
      `gatewise_node_readings_in_total{${labels}} 30`,
      `gatewise_node_events_total{${labels},event="late"} 2`,
      `gatewise_node_gauge{${labels},gauge="p99"} 1.5`,
      "gatewise_nodes 1",
    ]) {
      expect(body.split("\n")).toContain(line);
    }
  });

  it("is bounded, however many nodes and counters there are", () => {
    const counts = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`count ${i}`, 1]));
    const families = nodeFamilies(Array.from({ length: 3000 }, (_, i) => node(`n${i}`, { counts })));
    expect(families.find(({ name }) => name === "gatewise_nodes")?.samples).toEqual([{ value: 3000 }]);
    expect(families.find(({ name }) => name === "gatewise_node_errors_total")?.samples.length).toBe(1000);
    expect(families.find(({ name }) => name === "gatewise_node_events_total")?.samples.length).toBe(32_000);
  });

  it("takes what other parts have to say, and is not stopped by one that fails", () => {
    const remove = [
      metricSources.add(() => [{ name: "gatewise_a", help: "a", type: "gauge", samples: [{ value: 1 }] }]),
      metricSources.add(() => {
        throw new Error("broken");
      }),
    ];
    expect(metricSources.collect().map(({ name }) => name)).toEqual(["gatewise_a"]);
    for (const each of remove) each();
    expect(metricSources.collect()).toEqual([]);
  });
});
