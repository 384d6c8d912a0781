/** One number of a family, such as one node's counter. */
export interface MetricSample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
  /** For histograms: "_bucket" (with the label le), "_sum", "_count". */
  readonly suffix?: string;
}

/** What is exposed under one name, in the words of Prometheus. */
export interface MetricFamily {
  /** Begins with `gatewise_`, in base units: seconds, bytes, ratios; counters end with `_total`. */
  readonly name: string;
  readonly help: string;
  readonly type: "gauge" | "counter" | "histogram";
  readonly samples: readonly MetricSample[];
}

type Source = () => readonly MetricFamily[];

const sources = new Set<Source>();

/**
 * What parts of the pack other than nodes have to expose, such as inference. A source is asked at each scrape and must not
 * throw; labels must be few and bounded.
 */
export const metricSources = {
  /** Returns what removes it again. */
  add(source: Source): () => void {
    sources.add(source);
    return () => void sources.delete(source);
  },
  collect(): MetricFamily[] {
    return [...sources].flatMap((source) => {
      try {
        return [...source()];
      } catch {
        // One source that fails must not take the others' figures along.
        return [];
      }
    });
  },
};

/** What the kit counts of one node. */
export interface NodeCounts {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  readonly metrics: {
    readonly messages: number;
    readonly in: number;
    readonly out: number;
    readonly refused: number;
    readonly errors: number;
    readonly counts: Readonly<Record<string, number>>;
    readonly gauges: Readonly<Record<string, number>>;
    readonly latency: {
      readonly boundsMs: readonly number[];
      readonly buckets: readonly number[];
      readonly sumMs: number;
    };
  };
}

/** Bounds of the histogram that is exposed, in milliseconds: a scraper keeps a series for each, of each node. */
const EXPOSED_BOUNDS_MS = new Set([0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000, 10_000]);

/** Nodes whose counters are exposed; a flow of more is told by their number only. */
const MAX_NODES = 1000;
/** Counters of a node's own that are exposed, and as many gauges. */
const MAX_COUNTS = 32;
const MAX_LABEL = 100;

/** Counters and latencies of the running nodes. Labels are the node's id, type and name. */
export function nodeFamilies(nodes: readonly NodeCounts[]): MetricFamily[] {
  const shown = nodes.slice(0, MAX_NODES).map((node) => ({ ...node, labels: labelsOf(node) }));
  const counter = (name: string, help: string, of: (metrics: NodeCounts["metrics"]) => number): MetricFamily => ({
    name: `gatewise_node_${name}_total`,
    help,
    type: "counter",
    samples: shown.map(({ labels, metrics }) => ({ labels, value: of(metrics) })),
  });
  return [
    { name: "gatewise_nodes", help: "Running nodes.", type: "gauge", samples: [{ value: nodes.length }] },
    counter("messages", "Messages received.", ({ messages }) => messages),
    counter("readings_in", "Readings received.", (metrics) => metrics.in),
    counter("readings_out", "Readings sent.", ({ out }) => out),
    counter("refused", "Readings refused.", ({ refused }) => refused),
    counter("errors", "Errors of any kind.", ({ errors }) => errors),
    {
      name: "gatewise_node_events_total",
      help: "What nodes count of their own, such as late or duplicate readings.",
      type: "counter",
      samples: shown.flatMap(({ labels, metrics }) => ownSamples(labels, "event", metrics.counts)),
    },
    {
      name: "gatewise_node_gauge",
      help: "What nodes measure of their own, such as a model's latency.",
      type: "gauge",
      samples: shown.flatMap(({ labels, metrics }) => ownSamples(labels, "gauge", metrics.gauges)),
    },
    {
      name: "gatewise_node_latency_seconds",
      help: "Time from a message's arrival at a node to the end of its work.",
      type: "histogram",
      samples: shown.flatMap(({ labels, metrics }) => latencySamples(labels, metrics.latency)),
    },
  ];
}

function labelsOf({ id, type, name }: NodeCounts): Record<string, string> {
  return { id: id.slice(0, MAX_LABEL), type: type.slice(0, MAX_LABEL), name: name.slice(0, MAX_LABEL) };
}

function ownSamples(
  labels: Record<string, string>,
  label: string,
  values: Readonly<Record<string, number>>,
): MetricSample[] {
  return Object.entries(values)
    .slice(0, MAX_COUNTS)
    .map(([name, value]) => ({ labels: { ...labels, [label]: name.slice(0, MAX_LABEL) }, value }));
}

function latencySamples(labels: Record<string, string>, latency: NodeCounts["metrics"]["latency"]): MetricSample[] {
  let count = 0;
  const buckets = latency.buckets.flatMap((inBucket, i) => {
    count += inBucket;
    const bound = latency.boundsMs[i];
    if (bound !== undefined && !EXPOSED_BOUNDS_MS.has(bound)) return [];
    return [
      { labels: { ...labels, le: bound === undefined ? "+Inf" : secondsOf(bound) }, value: count, suffix: "_bucket" },
    ];
  });
  return [
    ...buckets,
    { labels, value: latency.sumMs / 1000, suffix: "_sum" },
    { labels, value: count, suffix: "_count" },
  ];
}

/** Without what a division leaves behind, as in 0.000029999999999999997: the text is a series' name. */
function secondsOf(ms: number): string {
  return String(Number((ms / 1000).toPrecision(12)));
}
