import type { HistoryQuery } from "../store/contract";
import type { InfluxConnection, InfluxTarget } from "./connection";
import { DEFAULT_LIMIT, isoSpan, type Row, readingsFromRows } from "./history-rows";
import { checkQueryAnswer, MAX_ANSWER_BYTES, openHttp, postLines } from "./influx-http";

/**
 * InfluxDB 3 (Core, Enterprise) by its HTTP API: POST /api/v3/write_lp with line protocol, POST /api/v3/query_sql.
 * https://docs.influxdata.com/influxdb3/core/write-data/http-api/v3-write-lp/
 */
export function openInflux3(connection: InfluxConnection): InfluxTarget {
  const client = openHttp(connection, "Bearer");
  // no_sync=false: confirmed when it is in the server's write-ahead log on the object store, not before.
  const address = { db: connection.database, precision: "nanosecond", accept_partial: "true", no_sync: "false" };
  return {
    write: (lines) => postLines(client, "/api/v3/write_lp", address, lines, connection.gzip),
    async query(query) {
      const answer = await client.request({
        method: "POST",
        path: "/api/v3/query_sql",
        headers: { "Content-Type": "application/json", Accept: "application/json" },
        body: JSON.stringify({ db: connection.database, format: "json", ...sqlQuery(query, connection.measurement) }),
        maxBytes: MAX_ANSWER_BYTES,
      });
      return readingsFromRows(rowsOfJson(checkQueryAnswer(answer)), query);
    },
    close: () => client.close(),
  };
}

/** Ids travel as parameters; times and numbers are ours and safe to write into the text. */
export function sqlQuery(query: HistoryQuery, measurement: string): { q: string; params: Record<string, string> } {
  const { from, to } = isoSpan(query);
  const sensor = query.sensor === undefined ? "" : "AND sensor_type = $sensor ";
  const order = query.order === "newest" ? "DESC" : "ASC";
  return {
    q:
      `SELECT * FROM "${measurement.replaceAll('"', '""')}" WHERE device_id = $device ${sensor}` +
      `AND time >= '${from}' AND time < '${to}' ORDER BY time ${order} LIMIT ${query.limit ?? DEFAULT_LIMIT}`,
    params: { device: query.deviceId, ...(query.sensor === undefined ? {} : { sensor: query.sensor }) },
  };
}

function rowsOfJson(body: string): Row[] {
  const parsed: unknown = JSON.parse(body);
  if (!Array.isArray(parsed)) throw new Error("InfluxDB: expected an array of rows as the answer");
  return parsed.map((row: unknown) => new Map(Object.entries(row ?? {})));
}
