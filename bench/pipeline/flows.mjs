// The flows that are compared: (a) core nodes that only count, (b) the job done by hand with function nodes, (c) ours.

const COUNT_ONE = "(node.counter ??= global.get('counter')).n += 1; return null;";
const COUNT_BATCH = "(node.counter ??= global.get('counter')).n += msg.payload.length; return null;";
const COLLECT = "(node.collect ??= global.get('collect'))(msg.payload.timestamp); return null;";

const tab = { id: "tab", type: "tab", label: "bench" };
const on = (node) => ({ ...node, z: "tab", x: 100, y: 100 });
const fn = (id, func, wires = [[]]) =>
  on({ id, type: "function", name: id, func, outputs: wires.length, initialize: "", finalize: "", libs: [], wires });

const coreIn = (port, wires) => [
  {
    id: "core-broker",
    type: "mqtt-broker",
    broker: "127.0.0.1",
    port: String(port),
    clientid: "",
    autoConnect: true,
    usetls: false,
    protocolVersion: "4",
    keepalive: "60",
    cleansession: true,
  },
  on({
    id: "in",
    type: "mqtt in",
    topic: "devices/+/telemetry",
    qos: "0",
    datatype: "utf8",
    broker: "core-broker",
    nl: false,
    rap: true,
    rh: 0,
    inputs: 0,
    wires,
  }),
];

const ourIn = (port, wires, more = {}) => [
  { id: "broker", type: "gatewise-broker", version: 1, mode: "url", url: `mqtt://127.0.0.1:${port}` },
  on({
    id: "in",
    type: "gatewise-telemetry-in",
    version: 1,
    broker: "broker",
    qos: "qos0",
    codec: "auto",
    ...more,
    wires: [wires, []],
  }),
];

export const variants = {
  a: {
    title: "core mqtt in -> function that counts",
    flow: (port) => [tab, ...coreIn(port, [["count"]]), fn("count", COUNT_ONE)],
  },
  b: {
    title: "core mqtt in -> decode, registry, moving median, z-score, threshold, batch in six function nodes",
    flow: byHand,
  },
  c: { title: "telemetry in -> device -> filter -> anomaly -> alert rule", flow: ours },
};

function byHand(port) {
  return [
    tab,
    ...coreIn(port, [["decode"]]),
    fn(
      "decode",
      `const body = JSON.parse(msg.payload);
       const device = msg.topic.split("/")[1];
       msg.payload = body.sensors.map((s) => ({ device, sensor: s.type, value: s.value, unit: s.unit, timestamp: body.timestamp }));
       return msg;`,
      [["registry"]],
    ),
    fn(
      "registry",
      `let devices = context.get("devices");
       if (!devices) { devices = {}; context.set("devices", devices); }
       for (const r of msg.payload) {
         const known = devices[r.device] ??= { first: Date.now() };
         known.lastSeen = r.timestamp;
         known.status = "online";
       }
       return msg;`,
      [["median"]],
    ),
    fn(
      "median",
      `let windows = context.get("windows");
       if (!windows) { windows = {}; context.set("windows", windows); }
       for (const r of msg.payload) {
         const w = windows[r.device + "/" + r.sensor] ??= [];
         w.push(r.value);
         if (w.length > 5) w.shift();
         const sorted = [...w].sort((x, y) => x - y);
         r.value = sorted[Math.floor(sorted.length / 2)];
       }
       return msg;`,
      [["zscore"]],
    ),
    fn(
      "zscore",
      `let windows = context.get("windows");
       if (!windows) { windows = {}; context.set("windows", windows); }
       for (const r of msg.payload) {
         const w = windows[r.device + "/" + r.sensor] ??= [];
         if (w.length >= 10) {
           const mean = w.reduce((s, v) => s + v, 0) / w.length;
           const std = Math.sqrt(w.reduce((s, v) => s + (v - mean) ** 2, 0) / w.length);
           r.score = std > 0 ? Math.abs(r.value - mean) / std : 0;
           r.anomaly = r.score > 3;
         }
         w.push(r.value);
         if (w.length > 100) w.shift();
       }
       return msg;`,
      [["threshold"]],
    ),
    fn(
      "threshold",
      `let active = context.get("active");
       if (!active) { active = {}; context.set("active", active); }
       const alerts = [];
       for (const r of msg.payload) {
         const key = r.device + "/" + r.sensor;
         const high = r.value > 50;
         if (high !== Boolean(active[key])) {
           active[key] = high;
           alerts.push({ payload: { event: high ? "raised" : "cleared", device: r.device, value: r.value, timestamp: r.timestamp } });
         }
       }
       return [msg, alerts.length ? alerts : null];`,
      [["batch"], ["collect"]],
    ),
    fn(
      "batch",
      `let batch = context.get("batch") ?? [];
       batch.push(...msg.payload);
       if (batch.length >= 100) { node.send({ payload: batch }); batch = []; }
       context.set("batch", batch);
       (node.counter ??= global.get("counter")).n += msg.payload.length;
       return null;`,
    ),
    fn("collect", COLLECT),
  ];
}

function ours(port) {
  return [
    tab,
    ...ourIn(port, ["device"]),
    { id: "registry", type: "gatewise-registry", version: 1 },
    on({ id: "device", type: "gatewise-device", version: 1, registry: "registry", wires: [["median"], []] }),
    on({ id: "median", type: "gatewise-filter", version: 1, method: "movingMedian", window: 5, wires: [["zscore"]] }),
    on({
      id: "zscore",
      type: "gatewise-anomaly",
      version: 1,
      method: "zScore",
      window: 100,
      minimum: 10,
      threshold: 3,
      wires: [["threshold"], []],
    }),
    on({
      id: "threshold",
      type: "gatewise-alert-rule",
      version: 1,
      mode: "limits",
      limits: [{ op: ">", value: "50", severity: "high" }],
      wires: [["collect"], ["count"], []],
    }),
    fn("count", COUNT_BATCH),
    fn("collect", COLLECT),
  ];
}

/** Telemetry in with `branches` wires, each to a node that counts; the first is the one that is measured. */
export function fork(port, branches) {
  const ids = Array.from({ length: branches }, (_, index) => `branch${index}`);
  return [tab, ...ourIn(port, ids), ...ids.map((id, index) => fn(id, index === 0 ? COUNT_BATCH : "return null;"))];
}
