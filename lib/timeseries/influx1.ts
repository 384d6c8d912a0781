import type { InfluxDB, ISingleHostConfig } from "influx";
import { WriteError } from "../outbox/write-error";
import type { Reading } from "../reading";
import type { HistoryQuery } from "../store/contract";
import type { InfluxConnection, InfluxTarget } from "./connection";
import { DEFAULT_LIMIT, isoSpan, type Row, readingsFromRows } from "./history-rows";
import { parseServerUrl, tlsOptions } from "./http";
import { writeFailure } from "./write-failure";

/** How much later than its own time limit the client is given up: it does not notice every broken connection. */
const GRACE_MS = 2000;

/**
 * InfluxDB 1.x through the `influx` client, which is an optional package and loaded at the first request.
 * @throws TypeError for a URL that is none
 */
export function openInflux1(connection: InfluxConnection): InfluxTarget {
  parseServerUrl(connection.url);
  let client: Promise<InfluxDB> | undefined;
  const connect = (): Promise<InfluxDB> => {
    client ??= createClient(connection).catch((error) => {
      client = undefined;
      throw error;
    });
    return client;
  };
  return {
    async write(lines) {
      const influx = await connect();
      try {
        // The client writes a point's measurement as it is, so that finished lines pass through it unchanged: they keep
        // the exact text that the outbox holds, which is what makes sending them twice harmless.
        const sent = influx.writePoints([{ measurement: lines.trimEnd() }], {
          precision: "n",
          retentionPolicy: connection.retentionPolicy,
        });
        await within(sent, connection.timeoutMs + GRACE_MS);
      } catch (error) {
        throw await failureOf(error);
      }
    },
    async query(query) {
      const influx = await connect();
      const result: unknown = await within(
        influx.queryRaw(influxQl(query, connection.measurement), {
          retentionPolicy: connection.retentionPolicy,
          method: "POST",
        }),
        connection.timeoutMs + GRACE_MS,
      );
      return readingsOf(result as QueryResult, query);
    },
    close() {
      client = undefined;
    },
  };
}

async function createClient(connection: InfluxConnection): Promise<InfluxDB> {
  const { InfluxDB } = await loadClient();
  const url = parseServerUrl(connection.url);
  const secure = url.protocol === "https:";
  const config: ISingleHostConfig = {
    protocol: secure ? "https" : "http",
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port) || (secure ? 443 : 80),
    path: url.pathname.replace(/\/$/, ""),
    database: connection.database,
    username: connection.username ?? "",
    password: connection.password ?? "",
    options: tlsOptions(connection),
    // The outbox owns retrying: the client must neither repeat a write nor refuse to try for a while.
    pool: { requestTimeout: connection.timeoutMs, maxRetries: 0, backoff: NO_BACKOFF },
  };
  return new InfluxDB(config);
}

const NO_BACKOFF = { getDelay: () => 0, next: () => NO_BACKOFF, reset: () => NO_BACKOFF };

async function loadClient(): Promise<typeof import("influx")> {
  try {
    return await import("influx");
  } catch (error) {
    throw new WriteError(
      "denied",
      `InfluxDB 1.x needs the package "influx": run "npm install influx" in Node-RED's user directory (${(error as Error).message})`,
    );
  }
}

async function within<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function failureOf(error: unknown): Promise<WriteError> {
  if (error instanceof WriteError) return error;
  const { res, message } = error as {
    res?: { statusCode?: number; headers?: Record<string, string> };
    message: string;
  };
  if (res?.statusCode === undefined) return new WriteError("unreachable", message || String(error));
  // The client puts its own words before the answer's body.
  const body = message.slice(message.indexOf("{"));
  return writeFailure({ status: res.statusCode, headers: res.headers ?? {}, body }, Date.now());
}

/** Ungrouped, so that the limit holds for all series together; the star brings the tags beside the fields. */
function influxQl(query: HistoryQuery, measurement: string): string {
  const { from, to } = isoSpan(query);
  const conditions = [
    `device_id = ${literal(query.deviceId)}`,
    ...(query.sensor === undefined ? [] : [`sensor_type = ${literal(query.sensor)}`]),
    `time >= '${from}'`,
    `time < '${to}'`,
  ];
  const order = query.order === "newest" ? "DESC" : "ASC";
  return (
    `SELECT * FROM ${identifier(measurement)} WHERE ${conditions.join(" AND ")} ` +
    `ORDER BY time ${order} LIMIT ${query.limit ?? DEFAULT_LIMIT}`
  );
}

/** https://docs.influxdata.com/influxdb/v1/query_language/spec/#strings */
function literal(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&").replaceAll("\n", "\\n")}'`;
}

function identifier(name: string): string {
  return `"${name.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n")}"`;
}

interface QueryResult {
  readonly results?: readonly {
    readonly error?: string;
    readonly series?: readonly {
      readonly columns: readonly string[];
      readonly values: readonly (readonly unknown[])[];
    }[];
  }[];
}

function readingsOf({ results = [] }: QueryResult, query: HistoryQuery): Reading[] {
  const rows: Row[] = [];
  for (const { error, series = [] } of results) {
    if (error) throw new Error(`InfluxDB: ${error}`);
    for (const { columns, values } of series) {
      for (const value of values) rows.push(new Map(columns.map((column, index) => [column, value[index]])));
    }
  }
  return readingsFromRows(rows, query);
}
