// The flow that the recordings run through: from mosquitto to a detector and alert rules to InfluxDB. Anomalies and alert
// events are written to files, a line each, so that they can be reported.

const wired = { z: "tab", y: 100 };

/** @param where {mqttUrl, influxUrl, database, anomaliesFile, alertsFile, rules} */
export function recordingsFlow(where) {
  const lines = (name) => ({
    ...wired,
    id: `${name}-lines`,
    type: "function",
    x: 700,
    func: `msg.payload = [].concat(msg.payload).map((item) => JSON.stringify(item)).join("\\n"); return msg;`,
    outputs: 1,
    wires: [[`${name}-file`]],
  });
  const file = (name, filename) => ({
    ...wired,
    id: `${name}-file`,
    type: "file",
    x: 900,
    filename,
    filenameType: "str",
    appendNewline: true,
    createDir: false,
    overwriteFile: "false",
    encoding: "none",
    wires: [[]],
  });
  return [
    { id: "tab", type: "tab", label: "recordings" },
    { id: "store", type: "gatewise-store", version: 1, file: "recordings.db" },
    { id: "broker", type: "gatewise-broker", version: 1, mode: "url", url: where.mqttUrl },
    {
      id: "influx",
      type: "gatewise-influxdb",
      version: 1,
      server: "influx1",
      url: where.influxUrl,
      database: where.database,
    },
    {
      ...wired,
      id: "in",
      type: "gatewise-telemetry-in",
      version: 1,
      x: 100,
      broker: "broker",
      wires: [["detect"], []],
    },
    {
      ...wired,
      id: "detect",
      type: "gatewise-anomaly",
      version: 1,
      x: 300,
      wires: [["rules"], ["anomalies-lines"]],
    },
    {
      ...wired,
      id: "rules",
      type: "gatewise-alert-rule",
      version: 1,
      x: 500,
      mode: "json",
      rules: JSON.stringify(where.rules),
      historical: true,
      wires: [["alerts-lines"], ["out"], []],
    },
    {
      ...wired,
      id: "out",
      type: "gatewise-timeseries-out",
      version: 1,
      x: 700,
      target: "influxdb",
      influxdb: "influx",
      store: "store",
      wires: [[]],
    },
    lines("anomalies"),
    file("anomalies", where.anomaliesFile),
    lines("alerts"),
    file("alerts", where.alertsFile),
  ];
}
