import type { HistoryQuery } from "../store/contract";
import type { InfluxConnection, InfluxTarget } from "./connection";
import { DEFAULT_LIMIT, isoSpan, type Row, readingsFromRows } from "./history-rows";
import { checkQueryAnswer, MAX_ANSWER_BYTES, openHttp, postLines } from "./influx-http";

/**
 * InfluxDB 2.x by its HTTP API: POST /api/v2/write with line protocol, POST /api/v2/query with Flux.
 * https://docs.influxdata.com/influxdb/v2/api/
 */
export function openInflux2(connection: InfluxConnection): InfluxTarget {
  const client = openHttp(connection, "Token");
  const org = connection.organization ?? "";
  const address = { org, bucket: connection.database, precision: "ns" };
  return {
    write: (lines) => postLines(client, "/api/v2/write", address, lines, connection.gzip),
    async query(query) {
      const answer = await client.request({
        method: "POST",
        path: "/api/v2/query",
        query: { org },
        headers: { "Content-Type": "application/json", Accept: "application/csv" },
        body: JSON.stringify({
          query: fluxQuery(query, connection),
          type: "flux",
          dialect: { header: true, annotations: [], delimiter: "," },
        }),
        maxBytes: MAX_ANSWER_BYTES,
      });
      return readingsFromRows(await rowsOfCsv(checkQueryAnswer(answer)), query);
    },
    close: () => client.close(),
  };
}

/** Each point has its fields in rows of their own until they are pivoted into columns. */
export function fluxQuery(query: HistoryQuery, { database, measurement }: InfluxConnection): string {
  const { from, to } = isoSpan(query);
  const conditions = [
    `r._measurement == ${fluxString(measurement)}`,
    `r.device_id == ${fluxString(query.deviceId)}`,
    ...(query.sensor === undefined ? [] : [`r.sensor_type == ${fluxString(query.sensor)}`]),
    '(contains(value: r._field, set: ["value", "value_bool", "value_text", "quality", "seq"]) or r._field =~ /^meta_/)',
  ];
  return [
    `from(bucket: ${fluxString(database)})`,
    `range(start: ${from}, stop: ${to})`,
    `filter(fn: (r) => ${conditions.join(" and ")})`,
    'pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")',
    "group()",
    `sort(columns: ["_time"], desc: ${query.order === "newest"})`,
    `limit(n: ${query.limit ?? DEFAULT_LIMIT})`,
  ].join("\n  |> ");
}

/** https://docs.influxdata.com/flux/v0/spec/lexical-elements/#string-literals; "${" would begin an expression. */
export function fluxString(text: string): string {
  const escaped = text
    .replace(/[\\"]/g, "\\$&")
    .replaceAll("${", "\\${")
    .replaceAll("\n", "\\n")
    .replaceAll("\r", "\\r")
    .replaceAll("\t", "\\t");
  return `"${escaped}"`;
}

/** Annotated CSV without annotations: tables follow each other, each with a header after an empty line. */
async function rowsOfCsv(csv: string): Promise<Row[]> {
  const { parse } = await import("csv-parse/sync");
  const rows: Row[] = [];
  for (const table of csv.split(/\r?\n\r?\n/)) {
    const [header, ...records] = parse(table, { relax_column_count: true, skip_empty_lines: true }) as string[][];
    if (!header) continue;
    // A query that fails while it runs answers 200 and says so in a table.
    if (header.includes("error"))
      throw new Error(`InfluxDB: ${records[0]?.[header.indexOf("error")] ?? "query failed"}`);
    for (const record of records) rows.push(rowOf(header, record));
  }
  return rows;
}

function rowOf(header: readonly string[], record: readonly string[]): Row {
  const row = new Map<string, unknown>();
  header.forEach((name, index) => {
    const cell = record[index];
    if (cell !== undefined && cell !== "") row.set(name === "_time" ? "time" : name, cell);
  });
  return row;
}
