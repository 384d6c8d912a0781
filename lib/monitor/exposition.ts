import type { Registry } from "prom-client";
import { optionalModule } from "../modules/optional";
import type { MetricFamily } from "./families";

type PromClient = typeof import("prom-client");

/** What a scrape is answered with. */
export interface Exposition {
  readonly contentType: string;
  readonly body: string;
}

/** Node's own metrics, collected once a process: their observers cannot be taken away again. */
let ofNode: Registry | undefined;

/** Writes families in Prometheus' text format, by prom-client. */
export class Exposer {
  private constructor(
    private readonly client: PromClient,
    private readonly withNode: boolean,
  ) {}

  /**
   * @param withNode whether Node's own metrics (`nodejs_*`, `process_*`) are exposed too
   * @throws OptionalModuleError when prom-client is not installed
   */
  static async load(options: { readonly userDir?: string; readonly withNode?: boolean } = {}): Promise<Exposer> {
    const { userDir, withNode = false } = options;
    const client = await optionalModule<PromClient>("prom-client", { userDir });
    if (withNode && !ofNode) {
      ofNode = new client.Registry();
      client.collectDefaultMetrics({ register: ofNode });
    }
    return new Exposer(client, withNode);
  }

  async expose(families: readonly MetricFamily[]): Promise<Exposition> {
    const registry = new this.client.Registry();
    for (const family of families) registry.registerMetric(metricOf(family) as never);
    const parts = [await registry.metrics()];
    if (this.withNode && ofNode) parts.push(await ofNode.metrics());
    return { contentType: registry.contentType, body: parts.join("\n") };
  }
}

/** What prom-client writes of a metric: our counters are kept by the nodes, and read when they are asked for. */
function metricOf({ name, help, type, samples }: MetricFamily) {
  const values = samples.map(({ labels = {}, value, suffix = "" }) => ({
    metricName: `${name}${suffix}`,
    labels,
    value,
  }));
  return { name, help, type, get: async () => ({ name, help, type, aggregator: "sum", values }) };
}
