import { hostname } from "node:os";
import { ConfigError, metricsOfNodes, type NodeContext, type Outputs, ports } from "../../../kit";
import {
  Exposer,
  type Exposition,
  figureFamilies,
  type MetricFamily,
  metricSources,
  nodeFamilies,
  type SystemFigure,
  SystemSampler,
  Threshold,
} from "../../../lib/monitor";
import type { Reading } from "../../../lib/reading";
import { serveMetrics } from "./metrics-server";
import { NodeLatencies } from "./node-latency";
import type { schema } from "./schema";

/** What the node does, apart from the node's module: it is loaded only where a flow uses it. */
export interface Monitor {
  /** Begins to watch and to serve. */
  start(): Promise<void>;
  /** The figures now. */
  ask(): Promise<Outputs>;
  /** The text of a scrape. */
  expose(): Promise<Exposition>;
}

export function openMonitor(context: NodeContext<typeof schema>): Monitor {
  const { config, metrics, status } = context;
  const deviceId = config.deviceId || hostname().replaceAll(/[/+#]/g, "-") || "gateway";
  const sampler = new SystemSampler({ groups: config.figures, disks: config.disks });
  context.onClose(() => sampler.close());
  const thresholds = config.thresholds.map((row) => new Threshold(row));
  const latencies = new NodeLatencies();
  let figures: readonly SystemFigure[] = [];
  let exposer: Exposer | undefined;
  let problemsTold = "";
  let sampling: Promise<{ all: Reading[]; crossed: Reading[] }> | undefined;

  const expose = async (): Promise<Exposition> => {
    if (!exposer) throw new ConfigError("Prometheus: not served by this node");
    const families = [
      ...figureFamilies(figures),
      ...thresholdFamilies(thresholds),
      ...nodeFamilies(metricsOfNodes.all()),
      ...metricSources.collect(),
    ];
    return exposer.expose(families);
  };

  const sample = async (): Promise<{ all: Reading[]; crossed: Reading[] }> => {
    const taken = await sampler.sample();
    figures = taken.figures;
    tell(taken.problems);
    const timestamp = Date.now();
    const common = { deviceId, timestamp, quality: "good" } as const;
    const all: Reading[] = figures.map(({ sensor, value, unit }) => ({ ...common, sensor, value, unit }));
    for (const { id, name, type, p95 } of latencies.take(config.slowest)) {
      const sensor = `latency.${id.replaceAll(/[+#]/g, "-")}`;
      all.push({ ...common, sensor, value: p95, unit: "ms", metadata: { node: name, type } });
    }
    const { told, crossed } = judge(thresholds, all);
    for (const reading of told) all.push({ ...common, ...reading });
    showStatus(figures, thresholds);
    return { all, crossed: crossed.map((reading) => ({ ...common, ...reading })) };
  };

  /** One at a time: who asks while figures are being taken gets those. */
  const sampleOnce = (): Promise<{ all: Reading[]; crossed: Reading[] }> => {
    sampling ??= sample().finally(() => {
      sampling = undefined;
    });
    return sampling;
  };

  /** A disk that is gone is told once, not every ten seconds. */
  const tell = (problems: readonly string[]): void => {
    const text = problems.join("; ");
    if (text === problemsTold) return;
    problemsTold = text;
    if (text !== "") context.fail(new Error(text));
  };

  const showStatus = (taken: readonly SystemFigure[], judged: readonly Threshold[]): void => {
    const exceeded = judged.filter((threshold) => threshold.exceeded).map(({ options }) => options.figure);
    const of = (sensor: string): string => {
      const figure = taken.find((each) => each.sensor === sensor);
      return figure ? `${sensor} ${Math.round(figure.value)} %` : "";
    };
    const text = [of("cpu"), of("memory"), of("disk")].filter(Boolean).join(", ");
    if (problemsTold !== "") status.warn(problemsTold);
    else if (exceeded.length > 0) status.warn(`${exceeded.join(", ")} exceeded; ${text}`);
    else status.ok(text || "watches");
  };

  return {
    expose,

    async start() {
      if (config.prometheus !== "off") {
        exposer = await Exposer.load({ userDir: context.userDir, withNode: config.ofNode });
        figures = (await sampler.sample()).figures;
      }
      if (config.prometheus === "port") {
        const { host, port } = config;
        const { token = "" } = context.credentials;
        const onProblem = context.guard((problem: Error) => context.fail(problem));
        const server = await serveMetrics({ host, port, token, expose, onProblem });
        // Closed meanwhile: nobody would ever give the port back.
        if (context.closing) await server.close();
        else context.onClose(() => server.close());
      }
      context.every(config.interval * 1000, async () => {
        const { all, crossed } = await sampleOnce();
        metrics.count("samples");
        context.emit(ports(all, crossed));
      });
    },

    async ask() {
      const { all, crossed } = await sampleOnce();
      return ports(all, crossed);
    },
  };
}

type Told = Pick<Reading, "sensor" | "value" | "unit"> & { readonly metadata: Readonly<Record<string, string>> };

/** A reading for each threshold whose figure there is, and those that have changed. */
function judge(thresholds: readonly Threshold[], readings: readonly Reading[]): { told: Told[]; crossed: Told[] } {
  const values = new Map(readings.map(({ sensor, value }) => [sensor, value]));
  const told: Told[] = [];
  const crossed: Told[] = [];
  for (const threshold of thresholds) {
    const { figure, direction, limit } = threshold.options;
    const value = values.get(figure);
    if (typeof value !== "number") continue;
    const hasChanged = threshold.judge(value);
    const metadata = { limit: `${direction} ${limit}` };
    const reading = { sensor: `${figure}.exceeded`, value: threshold.exceeded ?? false, unit: "1", metadata };
    told.push(reading);
    if (hasChanged) crossed.push(reading);
  }
  return { told, crossed };
}

function thresholdFamilies(thresholds: readonly Threshold[]): MetricFamily[] {
  const samples = thresholds.flatMap(({ exceeded, options: { figure, direction } }) =>
    exceeded === undefined ? [] : [{ labels: { figure, direction }, value: Number(exceeded) }],
  );
  const help = "1 while a figure is beyond its limit.";
  return samples.length > 0 ? [{ name: "gatewise_threshold_exceeded", help, type: "gauge", samples }] : [];
}
