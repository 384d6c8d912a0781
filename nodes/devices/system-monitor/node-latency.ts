import { metricsOfNodes } from "../../../kit";
import { type Buckets, bucketQuantile, countedSince } from "../../../lib/monitor";

/** How long a node took for its messages of the last interval. */
export interface NodeLatency {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  /** Milliseconds within which 95 of 100 messages were done. */
  readonly p95: number;
}

/** Watches the nodes' latencies from one interval to the next. */
export class NodeLatencies {
  #before = new Map<string, Buckets>();

  /** The slowest nodes of those that had messages since the last call, the slowest first. */
  take(count: number): NodeLatency[] {
    const now = new Map<string, Buckets>();
    const latencies = metricsOfNodes.all().flatMap(({ id, type, name, metrics: { latency } }) => {
      now.set(id, latency);
      const p95 = bucketQuantile(countedSince(latency, this.#before.get(id)), 0.95);
      return p95 === undefined ? [] : [{ id, type, name, p95 }];
    });
    // Nodes that are gone are forgotten with the old map.
    this.#before = now;
    return latencies.sort((a, b) => b.p95 - a.p95).slice(0, count);
  }
}
